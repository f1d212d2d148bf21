"""What lies around REST answers, and compressed gRPC answers, with real clients."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import grpc
import pytest

from tests.support import http2, wire
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, exchange

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
MODELS = {"half_plus_two": HALF_PLUS_TWO}
PREDICT = "/v1/models/half_plus_two:predict"
CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}


def cors_of(reply):
    return {name: value for name, value in reply.headers.items() if name.startswith("access-control")}


def test_every_answer_of_the_api_has_the_headers(start_server: StartServer):
    server = start_server("--rest_api_enable_cors_support", models=MODELS)
    browser = {"Origin": "https://page.example"}
    for method, path, body, status in (
        ("POST", PREDICT, {"instances": [1.0]}, 200),
        ("POST", PREDICT, "{", 400),
        ("GET", "/v1/models/half_plus_two", None, 200),
        ("GET", "/v1/models/half_plus_two/metadata", None, 200),
        ("GET", "/v1/models/none", None, 404),
        ("OPTIONS", PREDICT, None, 200),
    ):
        reply = exchange(server.rest_port, method, path, body, headers=browser)
        assert (reply.status, cors_of(reply)) == (status, CORS), (method, path)
    for path in ("/v2/other", "/livez"):
        assert cors_of(server.get(path)) == {}


def test_without_the_flag_there_are_none(server: ServerProcess):
    for method, headers, status in (("OPTIONS", {"Origin": "http://a"}, 200), ("OPTIONS", {}, 400), ("GET", {}, 200)):
        reply = exchange(server.rest_port, method, "/v1/models/half_plus_two", headers=headers)
        assert (reply.status, cors_of(reply)) == (status, {})


def test_metadata_and_predictions_are_compressed(server: ServerProcess):
    takes_gzip = {"Accept-Encoding": "gzip"}
    plain = server.get("/v1/models/half_plus_two/metadata")
    packed = exchange(server.rest_port, "GET", "/v1/models/half_plus_two/metadata", headers=takes_gzip)
    assert (plain.headers["vary"], packed.headers["vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert gzip.decompress(packed.body) == plain.body

    values = [float(number) for number in range(100_000)]
    reply = server.post(PREDICT, {"instances": values}, headers=takes_gzip)
    assert reply.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body))["predictions"] == [value / 2 + 2 for value in values]
    assert "content-encoding" not in server.post(PREDICT, {"instances": [1.0]}, headers=takes_gzip).headers


def test_requests_and_answers_may_both_be_compressed(server: ServerProcess):
    body = gzip.compress(json.dumps({"instances": [1.0] * 1000}).encode())
    reply = server.post(PREDICT, body, headers={"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(reply.body))["predictions"] == [2.5] * 1000


def test_a_compressed_call_gets_a_compressed_answer(server: ServerProcess):
    values = [1.0] * 10_000
    request = half_plus_two_request(*values)
    answer = server.channel.unary_unary(wire.PREDICT)(request, timeout=30, compression=grpc.Compression.Gzip)
    assert is_half_plus_two(*values)(answer)

    packed = gzip.compress(request)
    message = b"\1" + len(packed).to_bytes(4, "big") + packed
    for accepted, is_packed in (("identity,deflate,gzip", True), ("identity", False)):
        extra = (("grpc-encoding", "gzip"), ("grpc-accept-encoding", accepted))
        with http2.RawConnection(server.grpc_port) as connection:
            head = http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.grpc_headers(wire.PREDICT, *extra))
            connection.hello().send(head + http2.frame(http2.DATA, http2.END_STREAM, 1, message))
            frames = connection.until_stream_ends(1)
        body = b"".join(frame.payload for frame in frames if frame.kind == http2.DATA)
        assert (body[0] == 1, frames[0].fields.get("grpc-encoding") == "gzip") == (is_packed, is_packed)
        assert int.from_bytes(body[1:5], "big") == len(body) - 5
        assert (gzip.decompress(body[5:]) if is_packed else body[5:]) == answer


def test_a_body_of_a_hundred_megabytes(server: ServerProcess):
    count = 5_300_000
    values = b",".join([b"1.500000000000000000"] * count)
    assert len(values) > 100_000_000
    reply = server.post(PREDICT, b'{"instances": [' + values + b"]}", limit_s=150)
    assert reply.status == 200
    assert reply.body.count(b"2.75") == count
