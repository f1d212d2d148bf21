"""The few forms of the protobuf encoding that a tensor and its request need.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterable

_MASK = (1 << 64) - 1
_SHORT = tuple(bytes([value]) for value in range(0x80))

Piece = bytes | memoryview
"""A part of a message; views stand for data that is copied once, when the message is joined."""


def varint(value: int) -> bytes:
    """One varint; negative numbers are 64-bit two's complement."""
    if 0 <= value < 0x80:
        return _SHORT[value]
    value &= _MASK
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint_field(number: int, value: int) -> bytes:
    """A field that holds one varint."""
    return varint(number << 3) + varint(value)


def span_header(number: int, length: int) -> bytes:
    """What comes before the `length` bytes of a string, a message or packed values."""
    return varint(number << 3 | 2) + varint(length)


def span(number: int, data: bytes) -> bytes:
    """A string, bytes, or a message that is short."""
    return span_header(number, len(data)) + data


def total(pieces: Iterable[Piece]) -> int:
    """The bytes of all pieces; views must be of bytes."""
    return sum(map(len, pieces))
