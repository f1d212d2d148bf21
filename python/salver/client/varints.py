"""Packed varints to arrays, all at once: integers of an answer come in this form."""

from __future__ import annotations

from typing import Any

import numpy as np

from salver.client.wire_reader import MalformedError

_LONGEST = 10


def decode_varints(data: bytes) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the numbers that `data` holds one after the other, modulo 2^64.

    Raises:
        MalformedError: The last one does not end, or one is longer than ten bytes.
    """
    raw = np.frombuffer(data, np.uint8)
    is_last = raw < 0x80
    if is_last.all():
        return raw.astype(np.uint64)
    ends = np.flatnonzero(is_last)
    if not ends.size or ends[-1] != raw.size - 1:
        raise MalformedError("the last number does not end")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    longest = int(lengths.max())
    if longest > _LONGEST:
        raise MalformedError("a number is longer than ten bytes")
    low = raw & 0x7F
    values = low[starts].astype(np.uint64)
    for place in range(1, longest):
        longer = np.flatnonzero(lengths > place)
        values[longer] |= low[starts[longer] + place].astype(np.uint64) << np.uint64(7 * place)
    return values
