"""Bytes that no good client sends: answered or closed, never a crash, and good connections do not notice."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from tests.support import http2, wire
from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, ROOT, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, open_channel

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]
PREDICT_PATH = "/v1/models/half_plus_two:predict"
GOOD = wire.grpc_frame(half_plus_two_request(1.0))
INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL = 3, 8, 12, 13


@pytest.fixture(autouse=True)
def unaffected(server: ServerProcess) -> Iterator[None]:
    """Good clients on both protocols before, during and after each test: all of their requests succeed."""
    load = Load()
    load.add_grpc(server.grpc_address, wire.PREDICT, half_plus_two_request(1.0), is_half_plus_two(1.0))
    load.add_rest(server.rest_port, PREDICT_PATH, b'{"instances": [1.0]}', lambda answer: b"2.5" in answer)
    with load:
        load.wait_for(3)
        yield
        load.wait_for(3)
    load.assert_no_failures()
    server.assert_alive()


@pytest.fixture(params=["grpc", "rest"])
def port(request: pytest.FixtureRequest, server: ServerProcess) -> int:
    return server.grpc_port if request.param == "grpc" else server.rest_port


# --- HTTP/2 frames ---------------------------------------------------------------------------------------------------

HEADERS = http2.grpc_headers(wire.PREDICT)
AFTER_HELLO = {
    "data on stream 0": http2.frame(http2.DATA, 0, 0, b"x"),
    "headers on stream 0": http2.frame(http2.HEADERS, http2.END_HEADERS, 0, HEADERS),
    "data on an idle stream": http2.frame(http2.DATA, 0, 5, b"x"),
    "even stream": http2.frame(http2.HEADERS, http2.END_HEADERS, 2, HEADERS),
    "settings of a wrong size": http2.frame(http2.SETTINGS, 0, 0, b"12345"),
    "settings with a bad value": http2.frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 4, 2**32 - 1)),
    "settings on a stream": http2.frame(http2.SETTINGS, 0, 1),
    "acknowledged settings with a payload": http2.frame(http2.SETTINGS, http2.ACK, 0, b"123456"),
    "ping of a wrong size": http2.frame(http2.PING, 0, 0, b"123"),
    "window update of nothing": http2.frame(http2.WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
    "window overflow": http2.frame(http2.WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "reset of an idle stream": http2.frame(http2.RST_STREAM, 0, 7, b"\0\0\0\x08"),
    "reset of a wrong size": http2.frame(http2.RST_STREAM, 0, 1, b"\0"),
    "push promise from a client": http2.frame(http2.PUSH_PROMISE, http2.END_HEADERS, 1, b"\0\0\0\2" + HEADERS),
    "continuation out of nowhere": http2.frame(http2.CONTINUATION, http2.END_HEADERS, 1, HEADERS),
    "headers interrupted by data": http2.frame(http2.HEADERS, 0, 1, HEADERS) + http2.frame(http2.DATA, 0, 1, b"x"),
    "padding longer than the frame": http2.frame(
        http2.HEADERS, http2.END_HEADERS | http2.PADDED, 1, b"\xff" + HEADERS[:20]
    ),
    "frame over the size limit": http2.frame(http2.DATA, 0, 1, b"x" * 100, length=0xFFFFFF),
    "header block that is no HPACK": http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
    "HPACK index out of the table": http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff\x80\x01"),
    "HPACK string beyond the block": http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\x00\x7f\xff\xff\x07a"),
    "stream number going back": (
        http2.frame(http2.HEADERS, http2.END_HEADERS, 9, HEADERS)
        + http2.frame(http2.HEADERS, http2.END_HEADERS, 3, HEADERS)
    ),
}


@pytest.mark.parametrize("data", AFTER_HELLO.values(), ids=AFTER_HELLO.keys())
def test_frames_against_the_rules_end_the_stream_or_the_connection(server: ServerProcess, data: bytes) -> None:
    """The server says GOAWAY or RST_STREAM, or closes: it may not go on as if nothing had been."""
    with http2.RawConnection(server.grpc_port) as connection:
        connection.hello().send(data)
        refusal = next((got for got in connection.frames() if got.kind in (http2.GOAWAY, http2.RST_STREAM)), None)
    if refusal is not None:
        code = refusal.payload[-4:] if refusal.kind == http2.RST_STREAM else refusal.payload[4:8]
        assert code != b"\0\0\0\0", "NO_ERROR"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        http2.PREFACE[:10],
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        http2.PREFACE,
        http2.PREFACE + http2.frame(http2.DATA, 0, 1, b"no settings first"),
        http2.PREFACE + b"\xff" * 200,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"\r\n" * 5000,
        b"\xff" * 100_000,
    ],
    ids=lambda data: repr(data[:24]),
)
def test_a_bad_beginning_is_answered_or_closed(port: int, data: bytes) -> None:
    with http2.RawConnection(port, limit_s=30) as connection:
        connection.send(data)
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # closed already
        connection.read_all()


def test_random_bytes_are_answered_or_closed(port: int) -> None:
    random_bytes = random.Random(3)
    for length in (1, 9, 24, 100, 5000):
        for start in (b"", http2.PREFACE, http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0)):
            with http2.RawConnection(port, limit_s=30) as connection:
                connection.send(start + random_bytes.randbytes(length))
                try:
                    connection.socket.shutdown(socket.SHUT_WR)
                except OSError:
                    continue
                connection.read_all()


def test_a_flood_of_resets_does_not_hurt_others(server: ServerProcess) -> None:
    """CVE-2023-44487: streams opened and cancelled at once, faster than any limit on open streams sees them."""
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        connection.hello()
        for stream in range(1, 20_000, 2):
            connection.send(
                http2.frame(http2.HEADERS, http2.END_HEADERS, stream, HEADERS)
                + http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", http2.CANCEL))
            )


def test_a_flood_of_continuations_is_cut_off(server: ServerProcess) -> None:
    """CVE-2024-27316: a header block that never ends must not fill the memory."""
    before = server.resident_bytes()
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        connection.hello().send(http2.frame(http2.HEADERS, 0, 1, HEADERS))
        for number in range(4000):
            block = http2.header_block([(f"x-{number}-{index}", "y" * 500) for index in range(25)])
            connection.send(http2.frame(http2.CONTINUATION, 0, 1, block))
        connection.socket.close()
    assert server.resident_bytes() < before + 30_000_000


def test_a_flood_of_pings_and_settings_does_not_hurt_others(server: ServerProcess) -> None:
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        connection.hello().socket.settimeout(2)
        for _ in range(2000):
            connection.send(http2.frame(http2.PING, 0, 0, b"12345678") + http2.frame(http2.SETTINGS, 0, 0))


def test_many_half_open_connections_do_not_hurt_others(port: int, server: ServerProcess) -> None:
    connections = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(200)]
    for number, connection in enumerate(connections):
        connection.sendall((http2.PREFACE, b"POST /v1/mod", b"")[number % 3])
    with open_channel(server.grpc_address) as channel:
        assert channel.unary_unary(wire.PREDICT)(half_plus_two_request(1.0), timeout=30)
    for connection in connections:
        connection.close()


def test_headers_without_an_end_hold_up_nobody(server: ServerProcess) -> None:
    with http2.RawConnection(server.grpc_port) as connection:
        connection.hello().send(http2.frame(http2.HEADERS, 0, 1, HEADERS))
        with open_channel(server.grpc_address) as channel:
            assert channel.unary_unary(wire.PREDICT)(half_plus_two_request(1.0), timeout=30)


def test_huge_headers_are_refused(server: ServerProcess) -> None:
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        block = http2.grpc_headers(wire.PREDICT, *[(f"x-{index}", "y" * 4000) for index in range(100)])
        first, rest = block[:16_000], block[16_000:]
        data = http2.frame(http2.HEADERS, 0, 1, first)
        while rest:
            piece, rest = rest[:16_000], rest[16_000:]
            data += http2.frame(http2.CONTINUATION, 0 if rest else http2.END_HEADERS, 1, piece)
        connection.hello().send(data + http2.frame(http2.DATA, http2.END_STREAM, 1, GOOD))
        frames = connection.until_stream_ends(1)
    assert not any(got.fields.get("grpc-status") == "0" for got in frames)


# --- gRPC on top of it -----------------------------------------------------------------------------------------------


def grpc_status(
    server: ServerProcess, data: bytes, *extra: tuple[str, str], path: str = wire.PREDICT
) -> tuple[int, str]:
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        return connection.hello().call(path, data, *extra).grpc_status()


def test_a_right_call_by_hand_is_answered(server: ServerProcess) -> None:
    assert grpc_status(server, GOOD) == (0, "")


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        pytest.param(b"", {INVALID_ARGUMENT, INTERNAL, UNIMPLEMENTED}, id="no message"),
        pytest.param(b"\0\0\0", {INVALID_ARGUMENT, INTERNAL}, id="half a prefix"),
        pytest.param(GOOD[:-3], {INVALID_ARGUMENT, INTERNAL}, id="length beyond the data"),
        pytest.param(GOOD + b"\0", {INVALID_ARGUMENT, INTERNAL, UNIMPLEMENTED}, id="data beyond the length"),
        pytest.param(GOOD + GOOD, {INVALID_ARGUMENT, INTERNAL, UNIMPLEMENTED}, id="two messages"),
        pytest.param(b"\x01" + GOOD[1:], {INTERNAL, UNIMPLEMENTED}, id="compressed without an encoding"),
        pytest.param(b"\x07" + GOOD[1:], {INVALID_ARGUMENT, INTERNAL, UNIMPLEMENTED}, id="unknown flag"),
        pytest.param(b"\0\xff\xff\xff\xff" + GOOD[5:], {INVALID_ARGUMENT, INTERNAL, RESOURCE_EXHAUSTED}, id="4 GiB"),
    ],
)
def test_wrong_framing_of_a_message_has_a_status(server: ServerProcess, data: bytes, codes: set[int]) -> None:
    code, message = grpc_status(server, data)

    assert code in codes
    assert message


def test_an_unknown_encoding_is_unimplemented(server: ServerProcess) -> None:
    code, _ = grpc_status(server, b"\x01" + GOOD[1:], ("grpc-encoding", "snappy"))

    assert code == UNIMPLEMENTED


@pytest.mark.parametrize("path", ["/no.such.Service/Method", "/tensorflow.serving.PredictionService/NoSuchMethod", "/"])
def test_an_unknown_method_is_unimplemented(server: ServerProcess, path: str) -> None:
    assert grpc_status(server, GOOD, path=path)[0] == UNIMPLEMENTED


@pytest.mark.parametrize("timeout", ["", "x", "1", "1X", "-1S", "99999999999999999999H"])
def test_a_wrong_timeout_is_answered(server: ServerProcess, timeout: str) -> None:
    code, _ = grpc_status(server, GOOD, ("grpc-timeout", timeout))

    assert code in {0, INVALID_ARGUMENT, INTERNAL}


X = wire.float_tensor([1.0], [1])
MODEL = wire.chunk(1, wire.model_spec(wire.Spec("half_plus_two")))
BAD_MESSAGES = {
    "tag 0": b"\0\0",
    "unfinished varint": b"\x08" + b"\xff" * 20,
    "length beyond the end": b"\x0a\x7fabc",
    "wire type 7": b"\x0f",
    "group never ended": b"\x0b",
    "name that is no UTF-8": wire.chunk(1, wire.chunk(1, b"\xff\xfe")),
    "spec of the wrong wire type": wire.number(1, 5) + b"\x80",
    "tensor of text": MODEL + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, b"not a tensor")),
    "element type 0": MODEL + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.number(1, 0))),
    "element type 9999": MODEL + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.number(1, 9999))),
    "negative dimension": MODEL + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.float_tensor([1], [-1]))),
    "too many elements": MODEL
    + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.float_tensor([1], [2**40, 2**40]))),
    "content of a wrong length": MODEL
    + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.tensor([1.0, 2.0], shape=[3]))),
    "packed floats cut short": MODEL
    + wire.chunk(2, wire.chunk(1, b"x") + wire.chunk(2, wire.number(1, 1) + wire.chunk(5, b"\0\0\0"))),
}


@pytest.mark.parametrize("message", BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_message_that_is_no_protobuf_has_a_status(server: ServerProcess, message: bytes) -> None:
    code, text = grpc_status(server, wire.grpc_frame(message))

    assert code in {INVALID_ARGUMENT, INTERNAL}
    assert text


@pytest.mark.parametrize(
    "path", [wire.PREDICT, wire.GET_MODEL_STATUS, wire.GET_MODEL_METADATA, wire.HEALTH_CHECK], ids=lambda p: p[1:]
)
def test_random_messages_have_a_status(server: ServerProcess, path: str) -> None:
    random_bytes = random.Random(5)
    good = half_plus_two_request(1.0, 2.0)
    with http2.RawConnection(server.grpc_port, limit_s=30) as connection:
        connection.hello()
        for stream in range(1, 200, 2):
            changed = bytearray(good)
            for _ in range(random_bytes.randrange(1, 5)):
                changed[random_bytes.randrange(len(changed))] = random_bytes.randrange(256)
            connection.call(path, wire.grpc_frame(bytes(changed)), stream=stream)
            connection.grpc_status(stream)


# --- JSON and HTTP/1 -------------------------------------------------------------------------------------------------

JSON_FILES = sorted(path for path in (ROOT / "tests" / "data" / "malformed_json").glob("*") if path.is_file())


@pytest.mark.parametrize("file", JSON_FILES, ids=lambda path: path.name)
def test_a_malformed_json_file_is_refused(server: ServerProcess, file: Path) -> None:
    reply = server.post(PREDICT_PATH, file.read_bytes(), limit_s=60)

    assert reply.status == 400
    assert reply.error


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"instances":' + b"[" * 1_000_000, b'{"a":' * 200_000])
def test_deep_nesting_is_refused(server: ServerProcess, body: bytes) -> None:
    assert server.post(PREDICT_PATH, body, limit_s=60).status == 400


def answer_to_the_end(sock: socket.socket) -> bytes:
    """Say that nothing more comes, and read until the server has closed; it may have done so, even with a reset."""
    answer = b""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while data := sock.recv(65536):
            answer += data
    return answer


@pytest.mark.parametrize("ends_at", [1, 10, 40, 70, 90])
def test_a_request_that_ends_early_is_let_go(server: ServerProcess, ends_at: int) -> None:
    body = b'{"instances": [1.0]}'
    whole = b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%s" % (PREDICT_PATH.encode(), len(body), body)
    with socket.create_connection(("127.0.0.1", server.rest_port), 30) as sock:
        sock.sendall(whole[:ends_at])
        answer = answer_to_the_end(sock)
    assert b"200" not in answer[:15]


@pytest.mark.parametrize(
    "head",
    [
        b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
        b"POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST %s HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"POST %s HTTP/1.1\r\nHost: t\r\nbad header line\r\n\r\n",
        b"POST %s HTTP/1.1\r\nHost: t\r\nX: \0\r\n\r\n",
        b"POST  %s  HTTP/1.1\r\nHost: t\r\n\r\n",
        b"POST %s\r\n\r\n",
    ],
    ids=repr,
)
def test_a_malformed_head_is_refused_or_closed(server: ServerProcess, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.rest_port), 30) as sock:
        sock.sendall(head.replace(b"%s", PREDICT_PATH.encode()))
        answer = answer_to_the_end(sock)
    assert answer == b"" or answer.split()[1] == b"400"


def test_huge_http_1_headers_are_refused(server: ServerProcess) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(3000))
    with socket.create_connection(("127.0.0.1", server.rest_port), 30) as sock:
        try:
            sock.sendall(b"GET /livez HTTP/1.1\r\nHost: t\r\n" + lines + b"\r\n")
            answer = sock.recv(65536)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.split()[1] in {b"400", b"431"}


# --- size limit ------------------------------------------------------------------------------------------------------


def test_a_message_over_the_limit_is_refused_with_the_name_of_the_flag(start_server: StartServer) -> None:
    limited = start_server("--max_message_bytes=10000", models={"half_plus_two": HALF_PLUS_TWO})
    small, large = [1.0] * 100, [1.0] * 5000
    call = limited.channel.unary_unary(wire.PREDICT)

    assert is_half_plus_two(*small)(call(half_plus_two_request(*small), timeout=30))
    with pytest.raises(grpc.RpcError) as raised:
        call(half_plus_two_request(*large), timeout=30)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "--max_message_bytes" in raised.value.details()
    assert is_half_plus_two(*small)(call(half_plus_two_request(*small), timeout=30))

    assert limited.post(PREDICT_PATH, {"instances": small}).status == 200
    reply = limited.post(PREDICT_PATH, {"instances": large})
    assert reply.status in {413, 429}
    assert "--max_message_bytes" in reply.error


def test_a_value_sent_short_is_held_to_the_same_limit(start_server: StartServer) -> None:
    limited = start_server("--max_message_bytes=10000", models={"half_plus_two": HALF_PLUS_TWO})
    call = limited.channel.unary_unary(wire.PREDICT)

    def short(length: int) -> bytes:
        """One element that stands for a whole shape."""
        return wire.predict_request(wire.Spec("half_plus_two"), {"x": wire.float_tensor([1.0], [length])})

    assert is_half_plus_two(*[1.0] * 100)(call(short(100), timeout=30))
    with pytest.raises(grpc.RpcError) as raised:
        call(short(100_000), timeout=30)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert is_half_plus_two(*[1.0] * 100)(call(short(100), timeout=30))


def test_a_chunked_body_over_the_limit_is_refused(start_server: StartServer) -> None:
    limited = start_server("--max_message_bytes=10000", models={"half_plus_two": HALF_PLUS_TWO})
    head = f"POST {PREDICT_PATH} HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    piece = b" " * 4096
    with socket.create_connection(("127.0.0.1", limited.rest_port), 30) as sock:
        sock.sendall(head)
        try:
            for _ in range(100):
                sock.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        except ConnectionError:
            pass
        try:
            answer = sock.recv(65536)
        except ConnectionError:
            answer = b""
    assert answer == b"" or answer.split()[1] in {b"413", b"429"}
    limited.assert_alive()
