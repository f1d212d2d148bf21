"""Arrays of every element type that the client knows, for hypothesis."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Array = np.ndarray[Any, Any]

NUMBERS = ("float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
OTHERS = ("bool", "complex64", "complex128")


def arrays(*, max_side: int = 4) -> st.SearchStrategy[Array]:
    """Arrays of numbers and of bytes, scalars and empty ones among them."""
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=max_side)
    numbers = hnp.arrays(st.sampled_from([np.dtype(name) for name in (*NUMBERS, *OTHERS)]), shapes)
    texts = hnp.arrays(object, shapes, elements=st.binary(max_size=200), fill=st.nothing())
    return st.one_of(numbers, texts)
