"""The REST API of a real server, as curl and other plain HTTP clients see it."""

from __future__ import annotations

import gzip
import http.client
import json
import math
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import http2
from tests.support.models import ROOT, reference_model
from tests.support.server_process import HttpReply, ServerProcess, exchange

StartServer = Callable[..., ServerProcess]
PREDICT = "/v1/models/half_plus_two:predict"
ECHO = "/v1/models/echo_all_dtypes:predict"
VERSION = 1


def predict(server: ServerProcess, body: Any, **options: Any) -> HttpReply:
    return server.post(PREDICT, body, **options)


# --- predict ---------------------------------------------------------------------------------------------------------


def test_curl_of_the_readme(server: ServerProcess) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl")
    url = f"localhost:{server.rest_port}{PREDICT}"

    ended = subprocess.run(
        [curl, "-sS", "-m", "30", "-d", '{"instances":[1.0,2.0,5.0]}', url],
        capture_output=True,
        text=True,
        timeout=40,
        check=True,
    )

    assert "".join(ended.stdout.split()) == '{"predictions":[2.5,3.0,4.5]}'


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
        ({"instances": [[1.0], [2.0]]}, {"predictions": [[2.5], [3.0]]}),
        ({"instances": [{"x": 1.0}, {"x": 2.0}]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [{"x": [1.0]}, {"x": [2.0]}]}, {"predictions": [[2.5], [3.0]]}),
        ({"instances": [1, 2]}, {"predictions": [2.5, 3.0]}),
        ({"inputs": [1.0, 2.0]}, {"outputs": [2.5, 3.0]}),
        ({"inputs": {"x": [[1.0], [2.0]]}}, {"outputs": [[2.5], [3.0]]}),
        ({"inputs": 5}, {"outputs": 4.5}),
        ({"inputs": {"x": 1.0, "unknown": 2.0}}, {"outputs": 2.5}),
        ({"signature_name": "serving_default", "instances": [1.0]}, {"predictions": [2.5]}),
        ({"signature_name": "", "instances": [1.0]}, {"predictions": [2.5]}),
        ({"something_else": 1, "instances": [1.0]}, {"predictions": [2.5]}),
    ],
    ids=str,
)
def test_predict_in_row_and_column_form(server: ServerProcess, body: Any, answer: Any) -> None:
    reply = predict(server, body)

    assert reply.json() == answer
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.body)


def test_numbers_are_written_with_a_decimal_point_or_exponent(server: ServerProcess) -> None:
    reply = predict(server, {"instances": [2.0, 17999996.0, 1999994.0, -4.0, 0.0]})

    assert "".join(reply.body.decode().split()) == '{"predictions":[3.0,9e+06,999999.0,0.0,2.0]}'


def test_not_a_number_and_infinities_go_in_and_out(server: ServerProcess) -> None:
    reply = predict(server, '{"instances": [NaN, Infinity, -Infinity, Inf, -Inf]}')

    first, *others = reply.json()["predictions"]
    assert math.isnan(first)
    assert others == [math.inf, -math.inf, math.inf, -math.inf]


def test_predict_of_a_version(server: ServerProcess) -> None:
    path = f"/v1/models/half_plus_two/versions/{VERSION}:predict"

    assert server.post(path, {"instances": [1.0]}).json() == {"predictions": [2.5]}


@pytest.mark.parametrize(
    ("path", "body", "status", "texts"),
    [
        (PREDICT, b"", 400, ["JSON"]),
        (PREDICT, b"{", 400, ["JSON"]),
        (PREDICT, b"[1]", 400, []),
        (PREDICT, b'{"instances": [01]}', 400, ["JSON"]),
        (PREDICT, b'{"instances": [nan]}', 400, ["JSON"]),
        (PREDICT, {}, 400, ["instances", "inputs"]),
        (PREDICT, {"instances": [1.0], "inputs": [1.0]}, 400, ["instances", "inputs"]),
        (PREDICT, {"instances": []}, 400, ["instances"]),
        (PREDICT, {"instances": 1.0}, 400, ["instances"]),
        (PREDICT, {"instances": ["one"]}, 400, ["one", "float"]),
        (PREDICT, {"instances": [True]}, 400, ["float"]),
        (PREDICT, {"instances": [None]}, 400, ["float"]),
        (PREDICT, {"instances": [{"b64": "AAAA"}]}, 400, []),
        (PREDICT, {"instances": [[1.0, 2.0], [3.0]]}, 400, []),
        (PREDICT, {"instances": [1.0, [2.0]]}, 400, []),
        (PREDICT, {"instances": [{"y": 1.0}]}, 400, ["y"]),
        (PREDICT, {"instances": [{"x": 1.0}, 2.0]}, 400, ["1"]),
        (PREDICT, {"inputs": {"y": 1.0}}, 400, ["x"]),
        (PREDICT, {"signature_name": 3, "instances": [1.0]}, 400, ["signature_name"]),
        (PREDICT, {"signature_name": "missing_one", "instances": [1.0]}, 400, ["missing_one"]),
        ("/v1/models/nobody:predict", {"instances": [1.0]}, 404, ["Latest(nobody)"]),
        ("/v1/models/nobody:predict", b"{", 400, ["JSON"]),
        ("/v1/models/half_plus_two/versions/7:predict", {"instances": [1.0]}, 404, ["Specific(half_plus_two, 7)"]),
        ("/v1/models/half_plus_two/labels/canary:predict", {"instances": [1.0]}, 400, ["canary"]),
        ("/v1/models/half_plus_two/versions/99999999999999999999:predict", {}, 400, ["99999999999999999999"]),
        ("/v1/models/half_plus_two/versions/one:predict", {"instances": [1.0]}, 400, []),
        ("/v1/models/half_plus_two:guess", {"instances": [1.0]}, 400, ["POST", ":guess"]),
        ("/v1/nothing", {"instances": [1.0]}, 400, ["POST", "/v1/nothing"]),
    ],
    ids=str,
)
def test_predict_refuses_with_a_json_error(
    server: ServerProcess, path: str, body: Any, status: int, texts: list[str]
) -> None:
    reply = server.post(path, body)

    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == "application/json"
    for text in texts:
        assert text in reply.error
    assert str(ROOT) not in reply.error
    assert "Traceback" not in reply.error


def test_a_query_is_no_part_of_the_path(server: ServerProcess) -> None:
    assert server.post(f"{PREDICT}?trace=1", {"instances": [1.0]}).json() == {"predictions": [2.5]}


def test_text_behind_the_document_is_ignored(server: ServerProcess) -> None:
    assert predict(server, b'\xef\xbb\xbf{"instances": [1.0]} and more').json() == {"predictions": [2.5]}


def test_a_gzip_body_is_inflated(server: ServerProcess) -> None:
    body = gzip.compress(b'{"instances": [1.0, 2.0]}')

    assert predict(server, body, headers={"Content-Encoding": "gzip"}).json() == {"predictions": [2.5, 3.0]}


def test_a_broken_gzip_body_is_refused(server: ServerProcess) -> None:
    reply = predict(server, b"not gzip at all", headers={"Content-Encoding": "gzip"})

    assert reply.status == 400
    assert reply.error


# --- other element types ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float64", [0.1, -1e300, 3.0]),
        ("int32", [-2147483648, 0, 2147483647]),
        ("int64", [-9223372036854775808, 9223372036854775807]),
        ("uint64", [0, 18446744073709551615]),
        ("uint8", [0, 255]),
        ("bool", [True, False]),
        ("string", ["plain", "", "ünï", "\u0000"]),
    ],
)
def test_element_types_go_in_and_out(server: ServerProcess, dtype: str, values: list[Any]) -> None:
    reply = server.post(ECHO, {"signature_name": f"echo_{dtype}", "instances": values})

    assert reply.json() == {"predictions": values}


def test_strings_may_come_as_base64(server: ServerProcess) -> None:
    body = {"signature_name": "echo_string", "instances": [{"b64": "aGVsbG8="}, {"b64": "d29ybGQ"}, "plain"]}

    assert server.post(ECHO, body).json() == {"predictions": ["hello", "world", "plain"]}


def test_wrong_base64_is_refused(server: ServerProcess) -> None:
    body = {"signature_name": "echo_string", "instances": [{"b64": "not*base64"}]}

    assert server.post(ECHO, body).status == 400


def test_an_image_goes_through_whole(server: ServerProcess) -> None:
    pixels = [[[column / 224, row / 224, 0.5] for column in range(224)] for row in range(224)]

    reply = server.post("/v1/models/image:predict", {"signature_name": "mean", "instances": [pixels]}, limit_s=60)

    assert reply.json()["predictions"] == pytest.approx([(223 / 448 * 2 + 0.5) / 3], rel=1e-4)


@pytest.mark.parametrize(
    ("form", "status"),
    [("instances", 400), ("inputs", 501)],
)
def test_types_that_json_cannot_carry_are_refused(server: ServerProcess, form: str, status: int) -> None:
    reply = server.post(ECHO, {"signature_name": "echo_half", form: [1.0]})

    assert reply.status == status
    assert "half" in reply.error


# --- status and metadata ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/models/half_plus_two", f"/v1/models/half_plus_two/versions/{VERSION}"])
def test_status_is_the_exact_text_of_the_reference(server: ServerProcess, path: str) -> None:
    reply = server.get(path)

    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.body.decode() == (
        "{\n"
        ' "model_version_status": [\n'
        "  {\n"
        f'   "version": "{VERSION}",\n'
        '   "state": "AVAILABLE",\n'
        '   "status": {\n'
        '    "error_code": "OK",\n'
        '    "error_message": ""\n'
        "   }\n"
        "  }\n"
        " ]\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v1/models/nobody", 404, "Could not find any versions of model nobody"),
        ("/v1/models/half_plus_two/versions/7", 404, "Could not find version 7 of model half_plus_two"),
        ("/v1/models", 400, "model name"),
        ("/v1/models/", 400, "GET"),
        ("/v1/models/half_plus_two/", 400, "GET"),
        ("/v1/models/half_plus_two:predict", 400, "GET"),
        ("/v1/models/nobody/metadata", 404, "Latest(nobody)"),
        ("/v1/models/half_plus_two/versions/7/metadata", 404, "Specific(half_plus_two, 7)"),
    ],
)
def test_get_refuses_with_a_json_error(server: ServerProcess, path: str, status: int, text: str) -> None:
    reply = server.get(path)

    assert reply.status == status
    assert text.lower() in reply.error.lower()


def test_metadata_has_the_reference_layout(server: ServerProcess) -> None:
    document = server.get("/v1/models/half_plus_two/metadata").json()

    assert document["model_spec"] == {"name": "half_plus_two", "signature_name": "", "version": str(VERSION)}
    signatures = document["metadata"]["signature_def"]["signature_def"]
    assert signatures["serving_default"] == {
        "inputs": {"x": tensor_info("x:0")},
        "outputs": {"y": tensor_info("y:0")},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }


def test_metadata_equals_the_recorded_answer_of_the_reference(start_server: StartServer) -> None:
    base_path = reference_model("saved_model_half_plus_two_cpu")
    if base_path is None:
        pytest.skip("the recorded answer is not at hand: set SALVER_TESTDATA")
    server = start_server(models={"default": base_path})

    recorded = base_path.parent / "half_plus_two_model_metadata.json"
    assert server.get("/v1/models/default/metadata").json() == json.loads(recorded.read_text())


def tensor_info(name: str) -> dict[str, Any]:
    shape = {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    return {"name": name, "dtype": "DT_FLOAT", "tensor_shape": shape}


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_health_pages_answer(server: ServerProcess, path: str) -> None:
    assert server.get(path).status == 200


def test_a_path_outside_of_the_api_is_not_found(server: ServerProcess) -> None:
    assert server.get("/nothing/here").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_malformed_requests(server: ServerProcess, method: str) -> None:
    assert exchange(server.rest_port, method, "/v1/models/half_plus_two").status == 400


# --- transport -------------------------------------------------------------------------------------------------------


def test_one_connection_serves_many_requests(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    connection.connect()
    sock = connection.sock
    for path, expected in [(PREDICT, 200), ("/v1/models/nobody:predict", 404), (PREDICT, 200)]:
        connection.request("POST", path, b'{"instances": [1.0]}')
        reply = connection.getresponse()
        reply.read()
        assert reply.status == expected
        assert connection.sock is sock, "the server closed the connection"
    connection.close()


def test_http_1_0_is_answered_and_closed(server: ServerProcess) -> None:
    body = b'{"instances": [1.0]}'
    head = f"POST {PREDICT} HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    answer = talk(server, head + body)

    assert b" 200 " in answer.splitlines()[0]
    assert answer.rstrip().endswith(b"}")


def test_pipelined_requests_are_answered_in_order(server: ServerProcess) -> None:
    requests = b""
    for value in (1, 2, 3):
        body = b'{"inputs": %d.0}' % value
        last = b"Connection: close\r\n" if value == 3 else b""
        requests += b"POST %s HTTP/1.1\r\nHost: t\r\n%sContent-Length: %d\r\n\r\n%s" % (
            PREDICT.encode(),
            last,
            len(body),
            body,
        )

    answer = talk(server, requests)

    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"2.5") < answer.index(b"3.0") < answer.index(b"3.5")


def test_a_chunked_body_is_read_whole(server: ServerProcess) -> None:
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: t\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    pieces = [b'{"inst', b'ances": [1', b".0, 2.0]}"]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    answer = talk(server, head + body)

    assert b"HTTP/1.1 200" in answer
    assert b"predictions" in answer


def test_expect_100_continue_is_answered_before_the_body(server: ServerProcess) -> None:
    body = b'{"instances": [1.0]}'
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: t\r\nConnection: close\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", server.rest_port), 30) as sock:
        sock.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        first = sock.recv(4096)
        assert first.startswith(b"HTTP/1.1 100"), first
        sock.sendall(body)
        answer = first + read_all(sock)
    assert b"HTTP/1.1 200" in answer


def test_http_2_with_prior_knowledge_is_served_on_the_rest_port(server: ServerProcess) -> None:
    headers = http2.header_block(
        [(":method", "POST"), (":scheme", "http"), (":path", PREDICT), (":authority", "localhost")]
    )
    with http2.RawConnection(server.rest_port) as connection:
        connection.hello().send(
            http2.frame(http2.HEADERS, http2.END_HEADERS, 1, headers)
            + http2.frame(http2.DATA, http2.END_STREAM, 1, b'{"instances": [1.0]}')
        )
        frames = connection.until_stream_ends(1)
    assert frames[0].fields[":status"] == "200"
    assert json.loads(b"".join(got.payload for got in frames if got.kind == http2.DATA)) == {"predictions": [2.5]}


def test_a_large_body_is_answered_whole(server: ServerProcess) -> None:
    values = [float(number) for number in range(400_000)]

    reply = predict(server, {"instances": values}, limit_s=60)

    assert reply.status == 200
    assert reply.json()["predictions"] == [value / 2 + 2 for value in values]


def talk(server: ServerProcess, data: bytes) -> bytes:
    """Send bytes and read until the server closes."""
    with socket.create_connection(("127.0.0.1", server.rest_port), 30) as sock:
        sock.sendall(data)
        return read_all(sock)


def read_all(sock: socket.socket) -> bytes:
    out = b""
    while data := sock.recv(65536):
        out += data
    return out
