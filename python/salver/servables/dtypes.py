"""Element types: numpy's and the wire's numbers for the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from salver.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    DTypeLike: TypeAlias = npt.DTypeLike | int
    """A numpy dtype, something that numpy turns into one, or a wire number."""

STRING = 7
"""Wire number of byte strings; in numpy, object arrays of `bytes`."""
BFLOAT16 = 14
"""Wire number of bfloat16, which numpy alone does not have."""

_NUMBERS: dict[str, int] = {
    "float32": 1,
    "float64": 2,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bfloat16": BFLOAT16,
    "uint16": 17,
    "complex128": 18,
    "float16": 19,
    "uint32": 22,
    "uint64": 23,
}
_WIRE_NUMBERS = frozenset({*_NUMBERS.values(), STRING})


def wire_dtype(dtype: DTypeLike) -> int:
    """Return the wire number of an element type; `str`, `bytes` and `object` are byte strings.

    Raises:
        InvalidArgumentError: A type that tensors cannot have.
    """
    import numpy as np  # a server of SavedModels alone starts without it

    if isinstance(dtype, int):
        return _checked_number(dtype)
    kind = np.dtype(dtype)
    if kind.kind in "OSU":
        return STRING
    try:
        return _NUMBERS[kind.name]
    except KeyError:
        raise InvalidArgumentError(f"tensors cannot have elements of type {kind.name}") from None


def numpy_dtype(number: int) -> np.dtype[Any]:
    """Return numpy's type for a wire number; byte strings are objects.

    Raises:
        InvalidArgumentError: numpy has no such type.
    """
    import numpy as np

    if number == STRING:
        return np.dtype(object)
    for name, known in _NUMBERS.items():
        if known == number and number != BFLOAT16:
            return np.dtype(name)
    raise InvalidArgumentError(f"numpy has no elements of the type with the wire number {number}")


def _checked_number(number: int) -> int:
    if number not in _WIRE_NUMBERS:
        raise InvalidArgumentError(f"{number} is not the wire number of an element type that tensors can have")
    return number
