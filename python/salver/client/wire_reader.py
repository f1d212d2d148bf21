"""Reading protobuf messages field by field, without copying what they hold."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, SPAN, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}

Field = tuple[int, int, "int | memoryview"]
"""Number, wire type, and a number for varints or the bytes for everything else."""


class MalformedError(ValueError):
    """These bytes are no such message."""


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the varint at `at` and the position behind it.

    Raises:
        MalformedError: It does not end within ten bytes and the data.
    """
    value = shift = 0
    for position in range(at, min(at + 10, len(data))):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
    raise MalformedError(f"a number at byte {at} does not end")


def fields(data: memoryview) -> Iterator[Field]:
    """Give the fields of a message in their order; groups, which proto3 has not, are refused.

    Raises:
        MalformedError: A field reaches beyond the data, or is of no known kind.
    """
    at, end = 0, len(data)
    while at < end:
        # Most keys and lengths are one byte: strings come by the thousand.
        key, at = (data[at], at + 1) if data[at] < 0x80 else read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield number, kind, value
            continue
        if kind == SPAN:
            size, at = (data[at], at + 1) if at < end and data[at] < 0x80 else read_varint(data, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise MalformedError(f"a field of unknown kind {kind} before byte {at}")
        if size > end - at:
            raise MalformedError(f"field {number} reaches beyond the message")
        yield number, kind, data[at : at + size]
        at += size


def spans(data: memoryview, *numbers: int) -> Iterator[tuple[int, memoryview]]:
    """Give those fields of a message that hold bytes and have one of these numbers."""
    for number, _, value in fields(data):
        if number in numbers and isinstance(value, memoryview):
            yield number, value


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >> 63 else value
