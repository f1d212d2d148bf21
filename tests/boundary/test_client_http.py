"""The client's HTTP connections against servers that do what servers may do, and what they should not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from salver.client import AsyncClient, Client, RetryPolicy, VersionState
from salver.errors import DeadlineExceededError, FailedPreconditionError, InternalError, SalverError, UnavailableError

BODY = b'{"model_version_status": [{"version": "1", "state": "AVAILABLE"}]}'
Script = Callable[[socket.socket], None]


def sized(body: bytes = BODY, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes) -> bytes:
    parts = b"".join(b"%x;note\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\nTrailer: 1\r\n\r\n"


class Server:
    """Answers the connections that come, one after the other, each with its list of answers; then hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._threads: list[threading.Thread] = []
        self._is_over = threading.Event()
        self._is_asked = threading.Event()

    def play(self, *connections: list[bytes | Script]) -> None:
        thread = threading.Thread(target=self._play, args=(connections,))
        self._threads.append(thread)
        thread.start()

    def _play(self, connections: tuple[list[bytes | Script], ...]) -> None:
        for answers in connections:
            connection, _ = self._listener.accept()
            # A client that has seen enough hangs up in the middle of an answer.
            with connection, contextlib.suppress(ConnectionError):
                self._answer(connection, answers)

    def _answer(self, connection: socket.socket, answers: list[bytes | Script]) -> None:
        for answer in answers:
            self.requests.append(_request(connection))
            self._is_asked.set()
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)

    def trickle(self, connection: socket.socket) -> None:
        """Send an answer that never ends."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not self._is_over.wait(0.02):
            try:
                connection.sendall(b" ")
            except OSError:
                return

    def wait_for_a_request(self) -> None:
        assert self._is_asked.wait(20)

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(20)
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(65536)
        if not received:
            return head
        head += received
    return head


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.end()


def ask_in_turn(url: str, count: int, options: dict[str, Any]) -> list[Any]:
    with Client(url, **options) as client:
        return [client.model_status("m") for _ in range(count)]


def ask_in_turn_on_a_loop(url: str, count: int, options: dict[str, Any]) -> list[Any]:
    async def ask() -> list[Any]:
        async with AsyncClient(url, **options) as client:
            return [await client.model_status("m") for _ in range(count)]

    return asyncio.run(ask())


@pytest.fixture(params=[ask_in_turn, ask_in_turn_on_a_loop])
def ask(request: pytest.FixtureRequest, server: Server) -> Callable[..., list[Any]]:
    def run(count: int = 1, **options: Any) -> list[Any]:
        return request.param(server.url, count, {"retry": None, "timeout_s": 20, **options})

    return run


def assert_answered(answers: list[Any], count: int) -> None:
    assert [(one.version, one.state) for answer in answers for one in answer] == [(1, VersionState.AVAILABLE)] * count


def test_one_connection_serves_many_requests(server, ask):
    server.play([sized(), chunked(BODY[:9], BODY[9:]), sized(more=b"X-Other: 1\r\n")])
    assert_answered(ask(3), 3)
    assert server.requests[0].startswith(b"GET /v1/models/m HTTP/1.1\r\n")
    assert b"host: 127.0.0.1:" in server.requests[0].lower()


def test_an_answer_may_end_with_its_connection(server, ask):
    end = b"HTTP/1.0 200 OK\r\n\r\n" + BODY
    server.play([end], [sized(more=b"Connection: close\r\n")], [sized()])
    assert_answered(ask(3), 3)


def test_a_kept_connection_that_was_closed_is_replaced_without_an_error(server, ask):
    server.play([sized()], [sized()])
    assert_answered(ask(2), 2)


def test_interim_answers_are_passed_over(server, ask):
    server.play([b"HTTP/1.1 100 Continue\r\n\r\n" + sized()])
    assert_answered(ask(), 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" * 3 + b"\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 3_000_000,
    ],
)
def test_answers_that_break_off_or_are_none_are_unavailable(server, ask, answer):
    server.play([answer])
    with pytest.raises(UnavailableError, match=r"127.0.0.1:\d+"):
        ask()


def test_other_servers_are_told_from_model_servers(server, ask):
    server.play([sized(b"<html>")])
    with pytest.raises(InternalError, match="is it the REST port of a model server"):
        ask()


def test_a_refusal_keeps_the_connection_and_its_hint(server, ask):
    refusal = b'HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 15\r\n\r\n{"error": "no"}'
    server.play([refusal, sized()])
    assert_answered(ask(retry=RetryPolicy(initial_wait_s=0.001)), 1)
    assert len(server.requests) == 2


def test_a_server_that_trickles_does_not_outlast_the_deadline(server, ask):
    server.play([server.trickle])
    started = time.monotonic()
    with pytest.raises(DeadlineExceededError, match=r"no answer within 0.3 s"):
        ask(timeout_s=0.3)
    assert time.monotonic() - started < 10


def test_a_server_that_says_nothing_does_not_outlast_the_deadline(server, ask):
    server.play([lambda connection: connection.recv(1)])
    with pytest.raises(DeadlineExceededError):
        ask(timeout_s=0.2)


def test_a_full_pool_makes_calls_wait_until_their_deadline(server):
    server.play([server.trickle])
    with Client(server.url, max_connections=1, retry=None) as client:
        first = threading.Thread(target=_ignoring(lambda: client.model_status("m", timeout_s=1)))
        first.start()
        server.wait_for_a_request()
        with pytest.raises(DeadlineExceededError):
            client.model_status("m", timeout_s=0.05)
        first.join()


def _ignoring(call: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        with pytest.raises(SalverError):
            call()

    return run


def test_a_cancelled_call_never_lends_its_connection_to_another(server):
    async def run() -> None:
        async with AsyncClient(server.url, max_connections=1, timeout_s=20, retry=None) as client:
            task = asyncio.create_task(client.model_status("first"))
            await asyncio.to_thread(server.wait_for_a_request)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert_answered([await client.model_status("second")], 1)

    server.play([server.trickle], [sized()])
    asyncio.run(run())


def test_a_closed_client_says_so(server):
    client = Client(server.url)
    client.close()
    with pytest.raises(FailedPreconditionError, match="this client is closed"):
        client.model_status("m")

    async def run() -> None:
        closed = AsyncClient(server.url)
        await closed.close()
        with pytest.raises(FailedPreconditionError, match="this client is closed"):
            await closed.model_status("m")

    asyncio.run(run())
