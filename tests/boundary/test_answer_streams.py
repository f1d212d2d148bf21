"""Answers in pieces through the extension: sockets on one side, Python on the other."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator

import pytest

from salver.boundary import AnswerStream
from salver.dataplane import NativeDataPlane
from salver.errors import Code
from tests.support.boundary import WAIT_S

LARGE = bytes(64 << 10)


@pytest.fixture
def client(plane: NativeDataPlane) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", plane.listen_admin("127.0.0.1", 0), timeout=WAIT_S)
    yield connection
    connection.close()


def begin(plane: NativeDataPlane, client: http.client.HTTPConnection) -> AnswerStream:
    client.request("GET", "/v1/events")
    call = plane.next_call(WAIT_S)
    assert call is not None
    stream = call.begin_http(200, [("content-type", "text/event-stream")])
    with pytest.raises(Exception, match="answered"):
        call.reply_http(200, [], b"")
    return stream


def test_pieces_reach_the_client_one_by_one(plane, client):
    stream = begin(plane, client)
    response = client.getresponse()
    assert stream.send(b"one\n")
    assert response.readline() == b"one\n"
    assert stream.send(b"two\n")
    stream.end()
    assert (response.read(), stream.is_open, stream.send(b"three")) == (b"two\n", False, False)


@pytest.mark.parametrize("end", [lambda stream: stream.fail(Code.INTERNAL, "broken"), lambda stream: None])
def test_answer_that_breaks_off_is_visibly_not_whole(plane, client, end):
    stream = begin(plane, client)
    response = client.getresponse()
    stream.send(b"half")
    end(stream)
    del stream
    with response, pytest.raises(http.client.IncompleteRead):
        response.read()


def test_slow_client_fills_a_bounded_buffer_and_holds_up_nobody(plane, client):
    stream = begin(plane, client)
    num_sent = 0
    while stream.send(LARGE, timeout_s=0.2):
        num_sent += 1
        assert num_sent < 1000, "nothing bounds what waits"
    assert stream.is_open
    client.close()
    assert not stream.send(LARGE, timeout_s=WAIT_S)
    assert not stream.is_open


def test_wait_for_room_leaves_the_interpreter_to_others_and_ends_with_the_plane(plane, client):
    stream = begin(plane, client)
    while stream.send(LARGE, timeout_s=0.2):
        pass

    def send() -> None:
        while stream.send(LARGE, timeout_s=10 * WAIT_S):
            pass

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    assert plane.stop()
    sender.join(WAIT_S)
    assert not sender.is_alive()
