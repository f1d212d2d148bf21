"""Element types: numpy's names, the wire's numbers, and the field of a TensorProto that carries each.

bfloat16 and the small floats are numpy types only where the package `ml_dtypes` is installed. Without it bfloat16 is
answered as float32, which holds every value of it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from salver.errors import UnimplementedError

STRING = 7
BFLOAT16 = 14


@dataclass(frozen=True)
class Element:
    """One element type of the wire."""

    number: int
    name: str
    """As numpy or ml_dtypes calls it; quantized types go by the integers that they are stored as."""
    field: int
    """Of the typed values in a TensorProto."""
    wire_name: str

    @property
    def is_foreign(self) -> bool:
        """Whether numpy alone lacks it."""
        return self.name.startswith(("bfloat", "float8", "int4", "uint4"))


_ROWS = (
    (1, "float32", 5, "FLOAT"),
    (2, "float64", 6, "DOUBLE"),
    (3, "int32", 7, "INT32"),
    (4, "uint8", 7, "UINT8"),
    (5, "int16", 7, "INT16"),
    (6, "int8", 7, "INT8"),
    (STRING, "object", 8, "STRING"),
    (8, "complex64", 9, "COMPLEX64"),
    (9, "int64", 10, "INT64"),
    (10, "bool", 11, "BOOL"),
    (BFLOAT16, "bfloat16", 13, "BFLOAT16"),
    (17, "uint16", 7, "UINT16"),
    (18, "complex128", 12, "COMPLEX128"),
    (19, "float16", 13, "HALF"),
    (22, "uint32", 16, "UINT32"),
    (23, "uint64", 17, "UINT64"),
    (24, "float8_e5m2", 18, "FLOAT8_E5M2"),
    (25, "float8_e4m3fn", 18, "FLOAT8_E4M3FN"),
    (26, "float8_e4m3fnuz", 18, "FLOAT8_E4M3FNUZ"),
    (27, "float8_e4m3b11fnuz", 18, "FLOAT8_E4M3B11FNUZ"),
    (28, "float8_e5m2fnuz", 18, "FLOAT8_E5M2FNUZ"),
    (29, "int4", 7, "INT4"),
    (30, "uint4", 7, "UINT4"),
    (11, "int8", 7, "QINT8"),
    (12, "uint8", 7, "QUINT8"),
    (13, "int32", 7, "QINT32"),
    (15, "int16", 7, "QINT16"),
    (16, "uint16", 7, "QUINT16"),
)
BY_NUMBER = {row[0]: Element(*row) for row in _ROWS}
BY_WIRE_NAME = {f"DT_{element.wire_name}": element for element in BY_NUMBER.values()}
BY_NAME = {element.name: element for element in reversed(BY_NUMBER.values())}
"""The quantized types stand last in the table, so that a name finds the plain one."""


@functools.cache
def numpy_dtype(element: Element) -> np.dtype[Any]:
    """The numpy type of an element type, little-endian.

    Raises:
        UnimplementedError: It is one of those that only `ml_dtypes` has, which is not installed.
    """
    if not element.is_foreign:
        return np.dtype(element.name).newbyteorder("<")
    try:
        import ml_dtypes
    except ImportError:
        raise UnimplementedError(
            f"elements of type {element.name} need the package ml_dtypes, which is not installed"
        ) from None
    foreign: np.dtype[Any] = np.dtype(getattr(ml_dtypes, element.name))
    return foreign


def has_numpy_dtype(element: Element) -> bool:
    """Whether `numpy_dtype` will do."""
    try:
        numpy_dtype(element)
    except UnimplementedError:
        return False
    return True
