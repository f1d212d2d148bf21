"""Kept-alive HTTP connections, for threads."""

from __future__ import annotations

import threading
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPResponse

from salver.client.address import RestAddress
from salver.client.deadline import Deadline
from salver.client.grpc_channel import closed
from salver.client.rest_exchange import HttpAnswer, HttpRequest, connection_error, timeout_error
from salver.client.tls import HttpsIdentity

_CHUNK_BYTES = 1 << 20


class HttpPool:
    """At most so many connections to one server; the one used last is used next. For any number of threads."""

    def __init__(self, address: RestAddress, identity: HttpsIdentity | None, max_connections: int) -> None:
        self._address = address
        self._identity = identity
        self._places = threading.BoundedSemaphore(max_connections)
        self._idle: deque[HTTPConnection] = deque()
        self._is_closed = False

    def exchange(self, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        """Send a request and read its answer.

        A kept connection may have been closed by the server meanwhile, which shows only when it is used: then the
        request goes out once more, on a new one.

        Raises:
            DeadlineExceededError, UnavailableError: No answer.
        """
        if self._is_closed:
            raise closed()
        if not self._places.acquire(timeout=deadline.left_s()):
            raise deadline.exceeded()
        try:
            kept = self._kept()
            if kept is not None:
                try:
                    return self._tried(kept, request, deadline)
                except (ConnectionError, HTTPException):
                    pass
            return self._tried(self._new(), request, deadline)
        except TimeoutError as error:
            raise timeout_error(error, deadline, self._address) from None
        except (OSError, HTTPException) as error:
            raise connection_error(error, self._address) from error
        finally:
            self._places.release()

    def close(self) -> None:
        """Close what is idle now, and the others when they come back."""
        self._is_closed = True
        while (connection := self._kept()) is not None:
            connection.close()

    def _kept(self) -> HTTPConnection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _new(self) -> HTTPConnection:
        return _Connection(self._address.host, self._address.port, self._identity)

    def _tried(self, connection: HTTPConnection, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        is_reusable = False
        try:
            answer, is_reusable = _exchanged(connection, request, deadline)
        finally:
            if is_reusable and not self._is_closed:
                self._idle.append(connection)
            else:
                connection.close()
        return answer


class _Connection(HTTPConnection):
    """One that may be encrypted, and then looks for the name that it is told to look for."""

    def __init__(self, host: str, port: int, identity: HttpsIdentity | None) -> None:
        super().__init__(host, port)
        self._identity = identity

    def connect(self) -> None:
        super().connect()
        if self._identity is not None:
            self.sock = self._identity.context.wrap_socket(self.sock, server_hostname=self._identity.server_name)


def _exchanged(connection: HTTPConnection, request: HttpRequest, deadline: Deadline) -> tuple[HttpAnswer, bool]:
    connection.timeout = deadline.left_s()
    if connection.sock is None:
        connection.connect()
    connection.sock.settimeout(deadline.left_s())
    connection.request(request.method, request.path, request.body, dict(request.headers))
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    body = _body(answer, connection, deadline)
    return HttpAnswer(answer.status, headers, body), not answer.will_close


def _body(answer: HTTPResponse, connection: HTTPConnection, deadline: Deadline) -> bytes:
    """All of it; each wait for more is bounded by what is left of the time."""
    pieces = []
    while True:
        if connection.sock is not None:  # it is the response's alone where the server closes after it
            connection.sock.settimeout(deadline.left_s())
        piece = answer.read1(_CHUNK_BYTES)
        if not piece:
            break
        pieces.append(piece)
    if answer.length:
        raise ConnectionResetError("the answer ends before its end")
    answer.close()
    return b"".join(pieces)
