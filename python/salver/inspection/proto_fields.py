"""The fields of a serialized protobuf message, found one by one, so that what is passed over is never read.

A SavedModel may have hundreds of megabytes of constants in its graph. Parsed as a message all of them come into memory;
walked like this over a mapped file, only the pages with the fields that are wanted do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from salver.errors import DataLossError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a buffer that is a message or a string."""

    buffer: memoryview
    start: int
    end: int

    def content(self) -> bytes:
        """Return a copy of it."""
        return bytes(self.buffer[self.start : self.end])

    def fields(self) -> Iterator[tuple[int, Span | int]]:
        """Give number and value of each field, in order: a span for strings and messages, else a number.

        Raises:
            DataLossError: It is no message.
        """
        at = self.start
        while at < self.end:
            key, at = self._varint(at)
            kind, number = key & 7, key >> 3
            if kind == _VARINT:
                value, at = self._varint(at)
                yield number, value
            elif kind == _BYTES:
                length, at = self._varint(at)
                yield number, Span(self.buffer, at, self._checked(at + length))
                at += length
            elif kind in _FIXED:
                end = self._checked(at + _FIXED[kind])
                yield number, struct.unpack_from("<Q" if kind == _FIXED64 else "<I", self.buffer, at)[0]
                at = end
            else:
                raise DataLossError(f"byte {at} begins no field of a message")

    def messages(self, wanted: int) -> Iterator[Span]:
        """Give the values of one field that holds messages or strings; raises as `fields` does."""
        for number, value in self.fields():
            if number == wanted and isinstance(value, Span):
                yield value

    def first(self, wanted: int) -> Span | None:
        """Return the first of them, without a look at what follows; None where there is none."""
        return next(self.messages(wanted), None)

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for index in range(_MAX_VARINT_BYTES):
            if at + index >= self.end:
                break
            byte = self.buffer[at + index]
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                return value, at + index + 1
        raise DataLossError(f"the number at byte {at} does not end")

    def _checked(self, end: int) -> int:
        if end > self.end:
            raise DataLossError(f"a field ends {end - self.end} bytes after what it is part of")
        return end
