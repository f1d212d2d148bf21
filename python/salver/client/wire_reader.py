"""Reading protobuf messages field by field, without copying what they hold."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, SPAN, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}

Field = tuple[int, int, "int | memoryview | list[bytes]"]
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


def fields(data: memoryview, listed: int = 0) -> Iterator[Field]:
    """Give the fields of a message in their order; groups, which proto3 has not, are refused.

    Args:
        data: The message.
        listed: A field below 16 whose entries, where they follow each other, are given together, as a list of bytes:
            strings come by the thousand.

    Raises:
        MalformedError: A field reaches beyond the data, or is of no known kind.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = (data[at], at + 1) if data[at] < 0x80 else read_varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield number, kind, value
            continue
        if kind == SPAN and number == listed:
            items, at = _listed(data, at - 1, key)
            yield number, kind, items
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


def _listed(data: memoryview, start: int, key: int) -> tuple[list[bytes], int]:
    """All entries with this key from `start` on, and the position behind them."""
    raw = data[start:].tobytes()  # slices of bytes cost half of what slices of a view do
    items: list[bytes] = []
    at, end = 0, len(raw)
    while at + 1 < end and raw[at] == key:
        size = raw[at + 1]
        if size < 0x80:
            at += 2
        else:
            size, at = read_varint(memoryview(raw), at + 1)
        if size > end - at:
            raise MalformedError(f"field {key >> 3} reaches beyond the message")
        items.append(raw[at : at + size])
        at += size
    if not items:
        raise MalformedError(f"field {key >> 3} has no length")
    return items, start + at


def spans(data: memoryview, *numbers: int) -> Iterator[tuple[int, memoryview]]:
    """Give those fields of a message that hold bytes and have one of these numbers."""
    for number, _, value in fields(data):
        if number in numbers and isinstance(value, memoryview):
            yield number, value


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >> 63 else value
