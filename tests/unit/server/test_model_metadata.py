import json

import numpy as np
import pytest

from salver import wire
from salver.errors import InvalidArgumentError, NotFoundError
from salver.servables.servable import CallableServable, TensorSpec
from salver.server.model_metadata import ModelMetadata, signature_def_map
from salver.server.rest_routes import ModelRef


def python_servable():
    return CallableServable(
        dict, inputs={"x": TensorSpec(np.float32, [None, 2])}, outputs={"y": TensorSpec(bytes)}, method="m"
    )


class Native:
    signature_def_map = b"packed"


def resolve(name, version, label):
    if name != "m":
        raise NotFoundError(f"Servable not found for request: Latest({name})")
    return {None: 5}.get(label, 6) if version is None else version, python_servable()


def ask(metadata, fields=("signature_def",), **spec):
    request = wire.GetModelMetadataRequest(metadata_field=list(fields), model_spec=wire.ModelSpec(**spec))
    return wire.GetModelMetadataResponse.FromString(metadata.grpc(request.SerializeToString()))


@pytest.mark.parametrize(
    ("spec", "version"), [({}, 5), ({"version": {"value": 3}}, 3), ({"version_label": "stable"}, 6)]
)
def test_answer_names_model_and_version_alone(spec, version):
    answer = ask(ModelMetadata(resolve), name="m", **spec)
    assert (answer.model_spec.name, answer.model_spec.version.value) == ("m", version)
    assert not answer.model_spec.signature_name
    assert list(answer.metadata) == ["signature_def"]


def test_signatures_of_a_python_servable_become_signature_defs():
    signatures = wire.SignatureDefMap.FromString(signature_def_map(python_servable())).signature_def
    signature = signatures["serving_default"]
    assert signature.method_name == "m"
    assert signature.inputs["x"].name == "x"
    assert signature.inputs["x"].dtype == 1
    assert [dim.size for dim in signature.inputs["x"].tensor_shape.dim] == [-1, 2]
    assert signature.outputs["y"].dtype == 7
    assert signature.outputs["y"].tensor_shape.unknown_rank


def test_native_model_brings_its_own():
    assert signature_def_map(Native()) == b"packed"


def test_object_without_signatures_is_an_invalid_argument():
    with pytest.raises(InvalidArgumentError, match="type int has no signatures"):
        signature_def_map(5)


@pytest.mark.parametrize(
    ("request_fields", "message"),
    [
        ({}, "Missing ModelSpec"),
        ({"model_spec": {"name": "m"}}, "must specify at least one metadata_field"),
        ({"model_spec": {"name": "m"}, "metadata_field": ["signature_def", "x"]}, "Metadata field x is not supported"),
        ({"model_spec": {}, "metadata_field": ["signature_def"]}, "ModelSpec has no name specified."),
    ],
)
def test_wrong_requests_are_invalid_arguments(request_fields, message):
    request = wire.GetModelMetadataRequest(**request_fields)
    with pytest.raises(InvalidArgumentError, match=message):
        ModelMetadata(resolve).grpc(request.SerializeToString())


def test_unknown_model_is_not_found():
    with pytest.raises(NotFoundError, match=r"Latest\(nobody\)"):
        ask(ModelMetadata(resolve), name="nobody")


def test_rest_answer_has_the_form_of_the_protocol():
    document = json.loads(ModelMetadata(resolve).rest(ModelRef("m", 3)).body)
    assert document["model_spec"] == {"name": "m", "signature_name": "", "version": "3"}
    assert document["metadata"]["signature_def"]["signature_def"]["serving_default"]["method_name"] == "m"
