from __future__ import annotations

import struct

import pytest

from benches.goodput import Fate
from benches.loads import LoadError
from benches.open_loop import Connection
from tests.support import http2, wire
from tests.support.http2 import frame

REQUEST = b"request"
ANSWER = frame(http2.HEADERS, http2.END_HEADERS, 1, b"") + frame(http2.DATA, 0, 1, wire.grpc_frame(b"answer"))
TRAILERS = frame(http2.HEADERS, http2.END_HEADERS | http2.END_STREAM, 1, b"")


class FakeSocket:
    """Takes at most `room` bytes at a time and gives what it is told."""

    def __init__(self, room=1 << 20):
        self.sent = b""
        self.to_give = []
        self.room = room

    def send(self, data):
        if self.room == 0:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.sent += taken
        return len(taken)

    def recv(self, _):
        return self.to_give.pop(0)


def connection_of(socket=None):
    socket = socket or FakeSocket()
    connection = Connection(socket, REQUEST, 0.25)
    connection.flush()
    socket.sent = b""
    return connection, socket


def receive(connection, socket, *parts, at_s=1.5):
    for part in parts:
        socket.to_give.append(part)
        connection.receive(lambda: at_s)


def test_call_is_headers_with_the_deadline_and_the_message_on_odd_streams():
    connection, socket = connection_of()
    connection.call(Fate(0.0))
    connection.call(Fate(0.0))
    connection.flush()

    headers = http2.grpc_headers(wire.PREDICT, ("grpc-timeout", "250000u"))
    expected = b""
    for stream in (1, 3):
        expected += frame(http2.HEADERS, http2.END_HEADERS, stream, headers)
        expected += frame(http2.DATA, http2.END_STREAM, stream, wire.grpc_frame(REQUEST))
    assert socket.sent == expected


def test_answer_counts_when_its_stream_has_ended_however_it_is_cut():
    connection, socket = connection_of()
    fate = Fate(1.0)
    connection.call(fate)

    whole = ANSWER + TRAILERS
    receive(connection, socket, *(whole[at : at + 1] for at in range(len(whole) - 1)))
    assert fate.took_s is None
    receive(connection, socket, whole[-1:])

    assert fate == Fate(1.0, 0.5, is_answered=True)
    assert connection.num_open == 0


@pytest.mark.parametrize("end", [TRAILERS, frame(http2.RST_STREAM, 0, 1, struct.pack(">I", 8))])
def test_call_that_ends_without_a_message_has_failed(end):
    connection, socket = connection_of()
    fate = Fate(1.0)
    connection.call(fate)
    receive(connection, socket, end)
    assert fate == Fate(1.0, 0.5, is_answered=False)


def test_settings_and_pings_are_acknowledged():
    connection, socket = connection_of()
    receive(connection, socket, frame(http2.SETTINGS, 0, 0) + frame(http2.PING, 0, 0, b"12345678"))
    connection.flush()
    assert socket.sent == frame(http2.SETTINGS, http2.ACK, 0) + frame(http2.PING, http2.ACK, 0, b"12345678")


def test_what_a_full_socket_does_not_take_is_sent_later():
    connection, socket = connection_of()
    connection.call(Fate(0.0))
    socket.room = 0
    connection.flush()
    assert socket.sent == b""
    socket.room = 7
    connection.flush()
    assert socket.sent.endswith(wire.grpc_frame(REQUEST))


def test_window_is_kept_to_and_refilled_by_the_server():
    connection, socket = connection_of()
    per_call = len(wire.grpc_frame(REQUEST))
    for _ in range(65_535 // per_call):
        connection.call(Fate(0.0))
    receive(connection, socket, frame(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", per_call)))
    connection.call(Fate(0.0))
    with pytest.raises(LoadError, match="window"):
        connection.call(Fate(0.0))


@pytest.mark.parametrize(("data", "error"), [(b"", "closed"), (frame(http2.GOAWAY, 0, 0, bytes(8)), "GOAWAY")])
def test_connection_that_ends_is_an_error(data, error):
    connection, socket = connection_of()
    with pytest.raises(LoadError, match=error):
        receive(connection, socket, data)
