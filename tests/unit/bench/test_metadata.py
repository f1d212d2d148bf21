import pytest

from salver import wire
from salver.bench.metadata import form_of
from salver.boundary import Signature, TensorInfo
from salver.errors import FailedPreconditionError, NotFoundError
from salver.records.request_form import RequestForm
from tests.unit.bench.conftest import FakeServer, report, target_of

SIGNATURE = Signature(
    "serving_default",
    "tensorflow/serving/predict",
    (TensorInfo("ids", 9, (-1, 16)), TensorInfo("who", 7, None)),
    (TensorInfo("score", 1, (-1,)),),
)


def response(*, packed=True):
    made = wire.GetModelMetadataResponse()
    made.model_spec.name = "ranker"
    signatures = wire.SignatureDefMap()
    definition = signatures.signature_def["serving_default"]
    definition.method_name = SIGNATURE.method
    for infos, target in ((SIGNATURE.inputs, definition.inputs), (SIGNATURE.outputs, definition.outputs)):
        for info in infos:
            target[info.name].dtype = info.dtype
            target[info.name].tensor_shape.unknown_rank = info.shape is None
            for size in info.shape or ():
                target[info.name].tensor_shape.dim.add().size = size
    if packed:
        made.metadata["signature_def"].Pack(signatures)
    return made


def server_of(answer):
    return FakeServer(lambda options: report(options, reply=answer))


def test_grpc_and_rest_say_the_same():
    made = response()
    over_grpc = form_of(server_of(made.SerializeToString()), target_of("grpc"))
    over_rest = form_of(server_of(wire.metadata_json(made).encode()), target_of("rest"))
    assert over_grpc == over_rest == RequestForm(SIGNATURE)


def test_the_version_that_is_measured_is_asked():
    server = server_of(response().SerializeToString())
    form_of(server, target_of("grpc", version=7))
    request = wire.GetModelMetadataRequest.FromString(server.asked[0].bodies[0])
    assert (request.model_spec.name, request.model_spec.version.value) == ("ranker", 7)
    assert list(request.metadata_field) == ["signature_def"]


def test_a_signature_that_is_not_there_names_those_that_are():
    server = server_of(response().SerializeToString())
    with pytest.raises(NotFoundError, match="ranker: there is no signature other; the model has serving_default"):
        form_of(server, target_of("grpc", signature="other"))


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        ("grpc", b"\xff"),
        ("rest", b"<html>"),
        ("rest", b"[]"),
        ("rest", b'{"metadata": {"signature_def": {"signature_def": 3}}}'),
    ],
)
def test_what_is_no_metadata_is_told(protocol, answer):
    with pytest.raises(FailedPreconditionError, match=r"says nothing of the model's signatures; .* --body"):
        form_of(server_of(answer), target_of(protocol))


def test_a_server_without_signatures_has_none():
    with pytest.raises((FailedPreconditionError, NotFoundError)):
        form_of(server_of(response(packed=False).SerializeToString()), target_of("grpc"))
