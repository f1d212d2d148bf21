"""Plain Python values to arrays, text with every byte that it has."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_plain(value: Any) -> bool:
    """Whether `value` has no element type of its own: numbers, text, lists of them."""
    return not hasattr(value, "__array__")


def array_of_any(value: Any) -> np.ndarray[Any, Any]:
    """Return `value` as an array; plain text as objects, since numpy's own text drops zero bytes at the ends.

    Raises:
        ValueError, OverflowError: It stands for none, for example lists of unequal lengths.
    """
    if not is_plain(value):
        return np.asarray(value)
    try:
        array = np.asarray(value)
    except UnicodeDecodeError:  # bytes among str, which numpy takes for ASCII
        return np.asarray(value, dtype=object)
    return np.asarray(value, dtype=object) if array.dtype.kind in "SU" else array
