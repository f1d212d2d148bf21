"""Open-loop gRPC load: every request is sent when it is due, whatever became of those before it.

h2load waits for answers before it sends more and does not look at gRPC's status; a Python client takes some 300 us of
processor time a call, which the server under test would miss. So this speaks HTTP/2 itself, as little as such a load
needs, for a fraction of that: headers that are the same every time, windows that need no refill, and no look into the
headers of answers: a call that ends with a message in DATA was answered, one that ends without it failed.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Sequence

from benches.goodput import Fate
from benches.loads import LoadError
from tests.support import http2, wire

MAX_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65_535
WINDOW_SETTING = 4
NUM_CONNECTIONS = 4
TICK_S = 0.002
"""Requests that are due within this time are sent together: waking up costs more than a call."""
GRACE_S = 2.0
"""How long answers are waited for after the deadline of the last request."""


class Connection:
    """One HTTP/2 connection over a socket that does not block; calls are known by their stream."""

    def __init__(self, connected: socket.socket, request: bytes, deadline_s: float) -> None:
        self.socket = connected
        timeout = ("grpc-timeout", f"{round(deadline_s * 1e6)}u")
        self._headers = http2.grpc_headers(wire.PREDICT, timeout)
        self._message = wire.grpc_frame(request)
        self._next_stream = 1
        self._window = DEFAULT_WINDOW
        self._received = b""
        self._to_send = bytearray(http2.PREFACE)
        settings = struct.pack(">HI", WINDOW_SETTING, MAX_WINDOW)
        self._put(http2.SETTINGS, 0, 0, settings)
        self._put(http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", MAX_WINDOW - DEFAULT_WINDOW))
        self._calls: dict[int, Fate] = {}

    @property
    def num_open(self) -> int:
        """Calls that have not ended."""
        return len(self._calls)

    def call(self, fate: Fate) -> None:
        """Start a call; `flush` sends it."""
        self._window -= len(self._message)
        if self._window < 0:
            raise LoadError("the server does not open the connection's window: the load would not be open loop")
        self._put(http2.HEADERS, http2.END_HEADERS, self._next_stream, self._headers)
        self._put(http2.DATA, http2.END_STREAM, self._next_stream, self._message)
        self._calls[self._next_stream] = fate
        self._next_stream += 2

    def _put(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self._to_send += http2.frame(kind, flags, stream, payload)

    def flush(self) -> None:
        """Send what is to be sent, as far as the socket takes it."""
        while self._to_send:
            try:
                del self._to_send[: self.socket.send(self._to_send)]
            except BlockingIOError:
                return

    def receive(self, now_s: Callable[[], float]) -> None:
        """Read what has come and end the calls that it ends."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise LoadError("the server closed the connection")
        now = now_s()
        data = self._received + data
        at = 0
        while len(data) - at >= 9:
            size = int.from_bytes(data[at : at + 3], "big")
            if len(data) - at < 9 + size:
                break
            kind, flags, stream = struct.unpack_from(">BBI", data, at + 3)
            self._take(kind, flags, stream, data[at + 9 : at + 9 + size], now)
            at += 9 + size
        self._received = data[at:]

    def _take(self, kind: int, flags: int, stream: int, payload: bytes, now: float) -> None:
        fate = self._calls.get(stream)
        if fate is not None:
            fate.is_answered |= kind == http2.DATA and len(payload) > 5
            if kind == http2.RST_STREAM or flags & http2.END_STREAM:
                fate.took_s = now - fate.due_s
                del self._calls[stream]
        elif kind == http2.WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(payload, "big")
        elif kind in (http2.SETTINGS, http2.PING) and not flags & http2.ACK:
            self._put(kind, http2.ACK, 0, payload if kind == http2.PING else b"")
        elif kind == http2.GOAWAY:
            raise LoadError(f"the server sent GOAWAY: {payload!r}")


def open_loop(port: int, request: bytes, arrivals: Sequence[float], deadline_s: float) -> list[Fate]:
    """Send `request` at each of these times, which are in order, and return what became of it.

    The calls carry the deadline. Returns when all have ended, or a while after the last one's deadline.
    """
    fates = [Fate(due_s) for due_s in arrivals]
    connections = [Connection(connect(port), request, deadline_s) for _ in range(NUM_CONNECTIONS)]
    try:
        drive(connections, fates, arrivals[-1] + deadline_s + GRACE_S)
    finally:
        for connection in connections:
            connection.socket.close()
    return fates


def connect(port: int) -> socket.socket:
    """A socket that does not block."""
    connected = socket.create_connection(("127.0.0.1", port), 10)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setblocking(False)
    return connected


def drive(connections: Sequence[Connection], fates: Sequence[Fate], end_s: float) -> None:
    """Send every call when it is due, or a tick later, the connections in turn, until all have ended or time is up."""
    readers = {connection.socket.fileno(): connection for connection in connections}
    poll = select.epoll()
    for descriptor in readers:
        poll.register(descriptor, select.EPOLLIN)
    started = time.monotonic()

    def now_s() -> float:
        return time.monotonic() - started

    sent = 0
    with poll:
        while now_s() < end_s and (sent < len(fates) or any(connection.num_open for connection in connections)):
            while sent < len(fates) and fates[sent].due_s <= now_s():
                connections[sent % len(connections)].call(fates[sent])
                sent += 1
            for connection in connections:
                connection.flush()
            wait_s = fates[sent].due_s - now_s() if sent < len(fates) else end_s - now_s()
            for descriptor, _ in poll.poll(max(TICK_S, wait_s)):
                readers[descriptor].receive(now_s)
