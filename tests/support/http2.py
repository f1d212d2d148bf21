"""HTTP/2 by hand: enough to send what a well-behaved library refuses to send."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
ACK = 0x1
CANCEL = 8


@dataclass(frozen=True)
class Frame:
    """One frame as it came."""

    kind: int
    flags: int
    stream: int
    payload: bytes
    fields: dict[str, str] = field(default_factory=dict)
    """The decoded header fields of a HEADERS frame that is whole."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", *, length: int | None = None) -> bytes:
    """Encode a frame; `length` writes another length than the payload has (RFC 9113 section 4.1)."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header_block(fields: Sequence[tuple[str, str]]) -> bytes:
    """Header fields as literals without indexing and without Huffman coding (RFC 7541 section 6.2.2)."""
    out = b""
    for name, value in fields:
        out += b"\x00" + _string(name.encode()) + _string(value.encode())
    return out


def _string(data: bytes) -> bytes:
    if len(data) < 127:
        return bytes([len(data)]) + data
    rest, out = len(data) - 127, bytearray([127])
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    return bytes(out) + bytes([rest]) + data


def grpc_headers(path: str, *extra: tuple[str, str]) -> bytes:
    """The header block of a gRPC call."""
    return header_block(
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "test"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            *extra,
        ]
    )


class RawConnection:
    """A socket that sends any bytes and reads HTTP/2 frames; every read has a limit."""

    def __init__(self, port: int, *, limit_s: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), limit_s)
        self._left = b""
        self._kept: list[Frame] = []
        self._decoder = hpack.Decoder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Self:
        """Send, ignoring that the other side may have hung up already."""
        with suppress(OSError):
            self.socket.sendall(data)
        return self

    def hello(self) -> Self:
        """The client preface and empty settings."""
        return self.send(PREFACE + frame(SETTINGS, 0, 0))

    def call(self, path: str, message: bytes, *extra: tuple[str, str], stream: int = 1) -> Self:
        """A unary gRPC call; `message` comes with its five-byte prefix, right or wrong."""
        return self.send(
            frame(HEADERS, END_HEADERS, stream, grpc_headers(path, *extra)) + frame(DATA, END_STREAM, stream, message)
        )

    def read(self) -> bytes:
        """Whatever comes next; empty when the other side has closed. Raises TimeoutError after the limit."""
        try:
            return self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            return b""

    def read_all(self) -> bytes:
        """Everything until the other side closes."""
        out = self._left
        while data := self.read():
            out += data
        return out

    def next_frame(self) -> Frame | None:
        """The next frame; None when the other side has closed."""
        if self._kept:
            return self._kept.pop(0)
        head = self._exactly(9)
        if head is None:
            return None
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self._exactly(size)
        if payload is None:
            return None
        fields: dict[str, str] = {}
        if kind == HEADERS and flags & END_HEADERS and not flags & PADDED:
            fields = {str(name): str(value) for name, value in self._decoder.decode(payload)}
        return Frame(kind, flags, stream & 0x7FFFFFFF, payload, fields)

    def _exactly(self, size: int) -> bytes | None:
        while len(self._left) < size:
            data = self.read()
            if not data:
                return None
            self._left += data
        out, self._left = self._left[:size], self._left[size:]
        return out

    def wait_until_read(self) -> Self:
        """Wait until the other side has read all that was sent: frames are read in order, so a PING tells."""
        self.send(frame(PING, 0, 0, b"all read"))
        earlier, self._kept = self._kept, []
        while (got := self.next_frame()) is not None:
            if got.kind == PING and got.flags & ACK:
                self._kept = earlier
                return self
            earlier.append(got)
        raise AssertionError("the connection was closed")

    def grpc_statuses(self, streams: set[int]) -> dict[int, int | None]:
        """The status that each stream ends with; None for one that is reset or never ends."""
        out: dict[int, int | None] = {}
        while out.keys() != streams and (got := self.next_frame()) is not None:
            if got.stream in streams and (got.kind == RST_STREAM or got.flags & END_STREAM):
                out[got.stream] = int(got.fields["grpc-status"]) if "grpc-status" in got.fields else None
        return {**dict.fromkeys(streams), **out}

    def frames(self) -> Iterator[Frame]:
        """Every frame until the other side closes."""
        while (got := self.next_frame()) is not None:
            yield got

    def grpc_status(self, stream: int = 1) -> tuple[int, str]:
        """The status and message that the call on `stream` ends with; fails when it ends without."""
        frames = self.until_stream_ends(stream)
        for got in reversed(frames):
            if "grpc-status" in got.fields:
                return int(got.fields["grpc-status"]), unquote(got.fields.get("grpc-message", ""))
        raise AssertionError(f"no grpc-status in {frames}")

    def until_stream_ends(self, stream: int) -> list[Frame]:
        """The frames of `stream` until it is ended or reset, or the connection is closed or told to go."""
        out = []
        while (got := self.next_frame()) is not None:
            if got.kind == GOAWAY:
                out.append(got)
                break
            if got.stream == stream:
                out.append(got)
                if got.kind == RST_STREAM or (got.kind in (DATA, HEADERS) and got.flags & END_STREAM):
                    break
        return out
