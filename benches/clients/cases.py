"""What both clients send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One request to a model that answers with what it was sent, but for half_plus_two."""

    title: str
    model: str
    input: str
    output: str
    array: Callable[[], np.ndarray[Any, Any]]
    count: int
    """Calls in a round."""
    signature: str = "serving_default"


def _words() -> np.ndarray[Any, Any]:
    return np.array([b"word number %d" % number for number in range(1000)], object)


CASES = {
    "image": Case(
        "float32 [1,224,224,3]",
        "image",
        "image",
        "image",
        lambda: np.random.default_rng(0).random((1, 224, 224, 3), np.float32),
        100,
    ),
    "row": Case("float32 [1]", "half_plus_two", "x", "y", lambda: np.ones(1, np.float32), 500),
    "ids": Case(
        "int64 [10000]", "echo_all_dtypes", "x", "y", lambda: np.arange(10_000) * 1000, 100, signature="echo_int64"
    ),
    "words": Case("string [1000]", "echo_all_dtypes", "x", "y", _words, 100, signature="echo_string"),
}
