"""rest.md sections 1, 9, 10 and 11: HTTP itself, CORS, the page of metrics."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import http_cases
from tests.support.http_cases import split, talk
from tests.support.models import HALF_PLUS_TWO, MODELS
from tests.support.server_process import ServerProcess, exchange, served
from tests.support.spec_tables import Rest, Table

MODEL = "/v1/models/half_plus_two"
PREDICT = f"{MODEL}:predict"
BODY = b'{"inputs": 1.0}'
ANSWER = {"outputs": 2.5}
OPEN = b"Host: t\r\nConnection: close\r\n"
JSON = {"content-type": "application/json"}


def request(method: str, path: str, body: bytes = b"", headers: bytes = OPEN, version: str = "1.1") -> bytes:
    """A request as bytes."""
    head = f"{method} {path} HTTP/{version}\r\n".encode() + headers
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


# --- 1 ---------------------------------------------------------------------------------------------------------------

TRANSPORT = Table("rest", "1", "Transport", 12, elsewhere={1: "server-2-row-1 and server-1.2-row-3"})


@TRANSPORT.row(2, "all addresses of IPv4")
def test_addresses(server: ServerProcess) -> None:
    assert answers(server, "127.0.0.1")


@TRANSPORT.row(
    2, "all addresses of both families: --host=::", differs="--host says where both ports listen; IPv4 unless told."
)
def test_both_families(start: Callable[..., ServerProcess]) -> None:
    if not has_ipv6():
        pytest.skip("no IPv6 on this machine")
    both = start("--host=::")
    assert answers(both, "127.0.0.1")
    assert answers(both, "::1")


def answers(server: ServerProcess, host: str) -> bool:
    first, _, body = split(talk(server, request("POST", PREDICT, BODY), host=host))
    return first == "HTTP/1.1 200 OK" and json.loads(body) == ANSWER


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@TRANSPORT.row(3, "HTTP/1.0")
def test_http_1_0(server: ServerProcess) -> None:
    first, _, body = split(talk(server, request("POST", PREDICT, BODY, b"", "1.0")))
    assert first.split(" ")[1] == "200"
    assert json.loads(body) == ANSWER


@TRANSPORT.row(3, "keep-alive")
def test_keep_alive(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", PREDICT, BODY)
        assert json.loads(connection.getresponse().read()) == ANSWER
        assert connection.sock is first
    connection.close()


@TRANSPORT.row(3, "a chunked body")
def test_chunked(server: ServerProcess) -> None:
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (b'{"inp', b'uts": 1', b".0}"))
    head = f"POST {PREDICT} HTTP/1.1\r\n".encode() + OPEN + b"Transfer-Encoding: chunked\r\n\r\n"
    assert json.loads(split(talk(server, head + pieces + b"0\r\n\r\n"))[2]) == ANSWER


@TRANSPORT.row(3, "Expect: 100-continue")
def test_expect(server: ServerProcess) -> None:
    answer = talk(server, request("POST", PREDICT, BODY, OPEN + b"Expect: 100-continue\r\n"))
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2]) == ANSWER


@TRANSPORT.row(3, "headers of 32 KiB")
def test_long_headers(server: ServerProcess) -> None:
    answer = talk(server, request("POST", PREDICT, BODY, OPEN + b"X-Long: " + b"a" * 32_768 + b"\r\n"))
    assert json.loads(split(answer)[2]) == ANSWER


@TRANSPORT.row(3, "a body of 40 MB")
def test_long_body(server: ServerProcess) -> None:
    reply = server.post(PREDICT, b'{"inputs": 1.0, "ignored": "' + b"a" * 40_000_000 + b'"}')
    assert reply.json() == ANSWER


@TRANSPORT.each(
    *(
        Rest(
            4,
            f"{name}: {value}",
            method="POST",
            path=PREDICT,
            body=BODY,
            headers={name: value},
            json=ANSWER,
            answers=JSON,
        )
        for name, value in (
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Type", "text/plain"),
            ("Accept", "text/html"),
            ("Accept", "image/png;q=1"),
            ("Accept-Encoding", "br"),
        )
    ),
    Rest(6, "type of an answer", method="POST", path=PREDICT, body=BODY, answers=JSON),
    Rest(6, "type of an error", method="POST", path=PREDICT, body=b"", status=400, answers=JSON),
    Rest(6, "type of a malformed request", path="/v1/none", status=400, answers=JSON),
)
def test_headers(server: ServerProcess, case: Rest) -> None:
    reply = http_cases.check(server, case)
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert "date" in reply.headers


@TRANSPORT.row(
    5,
    "an answer is compressed for a client that asks",
    differs="Compressed answers save the network most of a large tensor's text; a client that does not ask gets none.",
)
def test_compressed_answers(server: ServerProcess) -> None:
    body = json.dumps({"inputs": [1.0] * 10_000})
    plain = exchange(server.rest_port, "POST", PREDICT, body)
    packed = exchange(server.rest_port, "POST", PREDICT, body, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 10


@TRANSPORT.row(7, "methods that HTTP does not let through are 501")
@pytest.mark.parametrize("method", ["TRACE", "BREW"])
def test_other_methods(server: ServerProcess, method: str) -> None:
    assert split(talk(server, request(method, MODEL)))[0].split(" ")[1] == "501"


@TRANSPORT.row(8, "a target with a space is 400")
def test_targets(server: ServerProcess) -> None:
    assert split(talk(server, request("GET", "/v1/models/half plus")))[0].split(" ")[1] == "400"


@TRANSPORT.row(8, "a target that is no URI, but clear", differs="A raw brace or letter says which model is meant.")
@pytest.mark.parametrize("name", ["{m}", "\u00e9"])
def test_clear_targets(server: ServerProcess, name: str) -> None:
    first, _, body = split(talk(server, request("GET", f"/v1/models/{name}")))
    assert first == "HTTP/1.1 404 Not Found"
    assert name in json.loads(body)["error"]


@TRANSPORT.each(
    *(
        Rest(9, path, path=path, status=404)
        for path in ("/", "/v2/models/half_plus_two", "/v1", "/models", "/monitoring")
    )
)
def test_other_paths(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


PAGE_404 = "<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"


@TRANSPORT.each(
    Rest(10, "an error outside of the API is a page", path="/elsewhere", status=404, text=PAGE_404,
         answers={"content-type": "text/html", "connection": "close"})
)  # fmt: skip
def test_errors_outside(server: ServerProcess, case: Rest) -> None:
    http_cases.check(server, case)


@TRANSPORT.row(
    11, "the reason phrase of 429 and 499", differs="The phrase of the standard, where it has one, says more."
)
@pytest.mark.parametrize(("code", "first"), [(8, "HTTP/1.1 429 Too Many Requests"), (1, "HTTP/1.1 499 ")])
def test_reason_phrases(server: ServerProcess, code: int, first: str) -> None:
    answer = talk(server, request("POST", "/v1/models/fails:predict", b'{"instances": [%d]}' % code))
    assert split(answer)[0].startswith(first)


@TRANSPORT.row(12, "--rest_api_timeout_in_ms ends a run with 504")
def test_time_limit(limited: ServerProcess) -> None:
    reply = limited.post("/v1/models/while_v2:predict", '{"inputs": {"x": [1.0], "rounds": 500000}}')
    assert reply.status == 504
    assert reply.error


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    models = {"half_plus_two": HALF_PLUS_TWO, "while_v2": MODELS / "while_v2"}
    folder = tmp_path_factory.mktemp("limited")
    monitoring = folder / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics/here" }')
    flags = ("--rest_api_timeout_in_ms=150", "--rest_api_enable_cors_support", f"--monitoring_config_file={monitoring}")
    with served(folder, *flags, models=models) as process:
        yield process


# --- 9 ---------------------------------------------------------------------------------------------------------------

OPTIONS = Table("rest", "9", "OPTIONS", 2)
HTTP, HTTPS = {"Origin": "http://a.example"}, {"Origin": "https://a.example"}


@OPTIONS.each(
    *(Rest(1, f"from {one['Origin']}", method="OPTIONS", path=PREDICT, headers=one, text="") for one in (HTTP, HTTPS)),
    Rest(1, "of any path under /v1/", method="OPTIONS", path="/v1/whatever", headers=HTTP, text=""),
    Rest(2, "without Origin", method="OPTIONS", path=PREDICT, status=400, text=""),
    Rest(2, "with another Origin", method="OPTIONS", path=PREDICT, headers={"Origin": "null"}, status=400, text=""),
)
def test_options(server: ServerProcess, case: Rest) -> None:
    reply = http_cases.check(server, case)
    assert not [name for name in reply.headers if name.startswith("access-control")]


CORS = Table("rest", "9-cors", "--rest_api_enable_cors_support", 2)
ALLOWED = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}


@CORS.each(
    Rest(1, "an answer", method="POST", path=PREDICT, body=BODY, json=ANSWER, answers=ALLOWED),
    Rest(1, "an error", method="POST", path=PREDICT, body=b"", status=400, answers=ALLOWED),
    Rest(1, "a malformed request", path="/v1/none", status=400, answers=ALLOWED),
    Rest(1, "status", path=MODEL, answers=ALLOWED),
    Rest(1, "OPTIONS", method="OPTIONS", path=PREDICT, headers=HTTP, text="", answers=ALLOWED),
)
def test_cors(limited: ServerProcess, case: Rest) -> None:
    http_cases.check(limited, case)


@CORS.row(2, "neither outside of the API nor on the page of metrics")
@pytest.mark.parametrize("path", ["/elsewhere", "/metrics/here"])
def test_no_cors_elsewhere(limited: ServerProcess, path: str) -> None:
    assert not [name for name in limited.get(path).headers if name.startswith("access-control")]


# --- 10 --------------------------------------------------------------------------------------------------------------

PAGE = Table("rest", "10", "The page of metrics", 6)
DEFAULT = "/monitoring/prometheus/metrics"


@PAGE.row(1, "it is there without being asked for", differs="Metrics are on unless a monitoring file turns them off.")
def test_page_by_default(server: ServerProcess) -> None:
    assert server.get(DEFAULT).status == 200


@PAGE.each(
    Rest(2, "another path takes its place", path="/metrics/here", answers={"content-type": "text/plain"}),
    Rest(2, "the default path is gone", path=DEFAULT, status=404),
    Rest(2, "the path is case-sensitive", path="/METRICS/here", status=404),
    *(Rest(3, method, method=method, path="/metrics/here") for method in ("GET", "POST", "HEAD", "PUT")),
    Rest(4, "success is text", path="/metrics/here", answers={"content-type": "text/plain"}),
)
def test_page(limited: ServerProcess, case: Rest) -> None:
    http_cases.check(limited, case)


@PAGE.each(
    Rest(
        5,
        "a query is refused, and the path is named",
        path="/metrics/here?name=a",
        status=400,
        text="Unexpected path: /metrics/here?name=a. Should be /metrics/here",
        answers={"content-type": "text/plain"},
    )
)
def test_page_with_query(limited: ServerProcess, case: Rest) -> None:
    http_cases.check(limited, case)


@PAGE.row(6, "turned off")
def test_page_off(tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text("prometheus_config { enable: false }")
    with served(tmp_path, f"--monitoring_config_file={file}", models={"half_plus_two": HALF_PLUS_TWO}) as process:
        assert process.get(DEFAULT).status == 404
