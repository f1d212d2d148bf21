import gzip
import json
import ssl

import pytest

from salver.client.address import RestAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.deadline import Deadline
from salver.client.metadata_cache import MetadataCache
from salver.client.model_spec import ModelSpec
from salver.client.no_answer import NoAnswerError
from salver.client.operation import RestForm
from salver.client.predict import predict, predict_streamed
from salver.client.rest_exchange import HttpAnswer, connection_error, document_of, request_of, rest_form, timeout_error
from salver.client.rest_transport import RestTransport
from salver.errors import Code, InternalError, SalverError, UnavailableError, UnimplementedError

ADDRESS = RestAddress("models", 8501, "/gateway")
FORM = RestForm("POST", "/v1/models/m:predict", lambda document, _: document, lambda: b"{}")


def answer(status, body, **headers):
    return HttpAnswer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def refusal(*given, **headers):
    with pytest.raises(SalverError) as failure:
        document_of(answer(*given, **headers), ADDRESS)
    return failure.value


def test_requests_carry_host_prefix_and_the_calls_headers():
    request = request_of(FORM, Call(Deadline.after(None), {"a": "1"}), ADDRESS, ClientSettings())
    assert (request.method, request.path, request.body) == ("POST", "/gateway/v1/models/m:predict", b"{}")
    assert request.headers == {
        "host": "models:8501",
        "accept": "application/json",
        "a": "1",
        "content-type": "application/json",
    }


def test_gzip_packs_requests_and_unpacks_answers():
    request = request_of(FORM, Call(Deadline.after(None)), ADDRESS, ClientSettings(compression="gzip"))
    assert gzip.decompress(request.body) == b"{}"
    assert request.headers["accept-encoding"] == request.headers["content-encoding"] == "gzip"
    assert document_of(answer(200, gzip.compress(b"[1]"), content_encoding="gzip"), ADDRESS) == [1]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.INVALID_ARGUMENT),
        (401, Code.UNAUTHENTICATED),
        (403, Code.PERMISSION_DENIED),
        (404, Code.NOT_FOUND),
        (409, Code.ABORTED),
        (429, Code.RESOURCE_EXHAUSTED),
        (499, Code.CANCELLED),
        (500, Code.INTERNAL),
        (501, Code.UNIMPLEMENTED),
        (502, Code.UNAVAILABLE),
        (503, Code.UNAVAILABLE),
        (504, Code.DEADLINE_EXCEEDED),
        (418, Code.UNKNOWN),
    ],
)
def test_every_status_has_a_code(status, code):
    error = refusal(status, b'{"error": "because"}', retry_after="2")
    assert (error.code, error.message, error.retry_after_s) == (code, "because", 2.0)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": 3}', b"", b"[" * 100_000])
def test_a_refusal_without_a_message_names_address_and_status(body):
    assert refusal(503, body).message == "models:8501 answers with HTTP status 503"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000])
def test_what_is_no_json_is_no_model_server(body):
    error = refusal(200, body)
    assert isinstance(error, InternalError)
    assert "is it the REST port of a model server?" in error.message


def test_a_damaged_packed_answer_is_an_error():
    assert isinstance(refusal(200, b"abc", content_encoding="gzip"), InternalError)


def test_connections_that_fail_are_unavailable():
    refused = connection_error(ConnectionRefusedError(111, "Connection refused"), ADDRESS)
    assert str(refused) == "UNAVAILABLE: no answer from models:8501: Connection refused"
    plain = connection_error(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), ADDRESS)
    assert plain.message == "no answer from models:8501: it does not speak TLS"
    other = connection_error(ValueError("x"), ADDRESS)
    assert {type(error) for error in (refused, plain, other)} == {NoAnswerError}


def test_server_that_is_unavailable_has_answered():
    assert type(refusal(503, b'{"error": "no answer from the backend"}')) is UnavailableError


@pytest.mark.parametrize("deadline", [Deadline.after(None), Deadline.after(3)])
def test_the_systems_own_time_limit_is_not_the_deadline(deadline):
    assert timeout_error(TimeoutError(110, "Connection timed out"), deadline, ADDRESS).code is Code.UNAVAILABLE


def test_the_deadline_is_the_deadline():
    error = timeout_error(TimeoutError(), Deadline.after(3), ADDRESS)
    assert str(error) == "DEADLINE_EXCEEDED: no answer within 3 s"


def test_what_rest_has_not_is_unimplemented():
    with pytest.raises(UnimplementedError, match="the REST API has no PredictStreamed"):
        rest_form(predict_streamed(ModelSpec("m"), {}))


def test_metadata_are_kept_for_a_while_and_for_so_many_models(clock):
    cache = MetadataCache(clock)
    cache.put(ModelSpec("m"), "metadata")
    assert cache.get(ModelSpec("m", signature="s")) == "metadata"
    assert cache.get(ModelSpec("m", version=1)) is None
    clock.advance(61)
    assert cache.get(ModelSpec("m")) is None
    for number in range(1000):
        cache.put(ModelSpec(f"m{number}"), "metadata")
    assert len(cache._kept) <= 256


class FakePool:
    """Answers by path; metadata say that the only output is the last of `names`."""

    def __init__(self, names):
        self.names = list(names)
        self.paths = []

    def exchange(self, request, deadline):
        self.paths.append(request.path)
        if not request.path.endswith("/metadata"):
            return answer(200, b'{"outputs": {"a": [1], "b": [2]}}')
        outputs = {name: {"dtype": "DT_FLOAT"} for name in self.names.pop(0)}
        signature = {"method_name": "", "inputs": {}, "outputs": outputs}
        document = {
            "model_spec": {"name": "m", "version": "1"},
            "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
        }
        return answer(200, json.dumps(document).encode())


def test_metadata_are_asked_for_once_and_again_when_an_answer_does_not_fit(clock):
    transport = RestTransport(RestAddress("models", 1), ClientSettings(), clock)
    transport._pool = FakePool(["xyz", "ab"])
    operation, call = predict(ModelSpec("m"), {}), Call(Deadline.after(None))
    with pytest.raises(InternalError):
        transport.call(operation, call)
    for _ in range(3):
        assert transport.call(operation, call)["b"].tolist() == [2]
    assert [path for path in transport._pool.paths if path.endswith("metadata")] == ["/v1/models/m/metadata"] * 2
