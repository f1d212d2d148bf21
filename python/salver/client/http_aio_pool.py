"""Kept-alive HTTP/1.1 connections, for asyncio: the part of RFC 9112 that answers of model servers need.

A connection whose exchange was cancelled or failed is closed and never used again: what comes on it would be taken for
the answer to another request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from salver.client.address import RestAddress
from salver.client.deadline import Deadline
from salver.client.grpc_channel import closed
from salver.client.rest_exchange import HttpAnswer, HttpRequest, connection_error, timeout_error
from salver.client.tls import HttpsIdentity

_LIMIT_BYTES = 1 << 20
"""Of what is read ahead."""
_MAX_HEADERS = 200
_CUT_SHORT = (asyncio.IncompleteReadError, asyncio.LimitOverrunError)
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ProtocolError(Exception):
    """The peer does not speak HTTP, or stopped in the middle."""


class HttpAioPool:
    """At most so many connections to one server, of one event loop; the one used last is used next."""

    def __init__(self, address: RestAddress, identity: HttpsIdentity | None, max_connections: int) -> None:
        self._address = address
        self._identity = identity
        self._places = asyncio.Semaphore(max_connections)
        self._idle: deque[_Connection] = deque()
        self._is_closed = False

    async def exchange(self, request: HttpRequest, deadline: Deadline) -> HttpAnswer:
        """Send a request and read its answer; as `HttpPool.exchange`.

        Raises:
            DeadlineExceededError, UnavailableError: No answer.
        """
        if self._is_closed:
            raise closed()
        try:
            async with asyncio.timeout(deadline.left_s()), self._places:
                return await self._exchanged(request)
        except TimeoutError as error:
            raise timeout_error(error, deadline, self._address) from None
        except (OSError, ProtocolError, ValueError, *_CUT_SHORT) as error:
            raise connection_error(error, self._address) from error

    async def close(self) -> None:
        """Close what is idle now, and the others when they come back."""
        self._is_closed = True
        while self._idle:
            await _closed(self._idle.pop()[1])

    async def _exchanged(self, request: HttpRequest) -> HttpAnswer:
        if self._idle:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                return await self._tried(self._idle.pop(), request)
        return await self._tried(await self._new(), request)

    async def _new(self) -> _Connection:
        where = (self._address.host, self._address.port)
        if self._identity is None:
            return await asyncio.open_connection(*where, limit=_LIMIT_BYTES)
        context, name = self._identity.context, self._identity.server_name
        return await asyncio.open_connection(*where, limit=_LIMIT_BYTES, ssl=context, server_hostname=name)

    async def _tried(self, connection: _Connection, request: HttpRequest) -> HttpAnswer:
        reader, writer = connection
        is_reusable = False
        try:
            writer.writelines((_head(request), request.body or b""))
            await writer.drain()
            answer, is_reusable = await _read(reader)
        finally:
            if is_reusable and not self._is_closed:
                self._idle.append(connection)
            else:
                writer.transport.abort()
        return answer


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _head(request: HttpRequest) -> bytes:
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.body is not None:
        lines.append(f"content-length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _read(reader: asyncio.StreamReader) -> tuple[HttpAnswer, bool]:
    """An answer, and whether another may follow on the same connection."""
    while True:
        version, status = _status(await _line(reader))
        headers = await _headers(reader)
        if status >= 200:
            break
    body, has_end = await _body(reader, status, headers)
    is_kept = version == "HTTP/1.1" and has_end and "close" not in headers.get("connection", "").lower()
    return HttpAnswer(status, headers, body), is_kept


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readuntil(b"\n")
    return line.decode("latin-1").rstrip("\r\n")


def _status(line: str) -> tuple[str, int]:
    version, _, rest = line.partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit() and len(code) == 3):
        raise ProtocolError(f"no status line: {line!r:.100}")
    return version, int(code)


async def _headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MAX_HEADERS):
        line = await _line(reader)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise ProtocolError(f"no header: {line!r:.100}")
        headers[name.strip().lower()] = value.strip()
    raise ProtocolError(f"more than {_MAX_HEADERS} headers")


async def _body(reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
    """The body, and whether it has an end of its own."""
    if status in {204, 304}:
        return b"", True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader), True
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"])), True
    return await reader.read(), False


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while True:
        size = int((await _line(reader)).partition(";")[0], 16)
        if size < 0:
            raise ProtocolError("a chunk of negative size")
        if not size:
            break
        pieces.append(await reader.readexactly(size))
        await _line(reader)
    await _headers(reader)
    return b"".join(pieces)
