"""JSON values to arrays and back, as the REST API reads and writes tensors.

Stricter in one point: what does not fit the element type is refused, never wrapped.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from salver.boundary import TensorInfo
from salver.errors import InvalidArgumentError
from salver.servables.dtypes import STRING, numpy_dtype

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_MAX_DIMENSIONS = 32
"""What every numpy can have."""
_QUOTED = 80
"""Characters of a value that a message quotes."""


def array_from_json(value: Any, info: TensorInfo) -> Array:
    """Return nested lists as an array with the element type of this input.

    Raises:
        InvalidArgumentError: The lists are ragged, or an element is not of that type; names the input.
    """
    import numpy as np

    shape = _shape(value)
    if len(shape) > _MAX_DIMENSIONS:
        raise InvalidArgumentError(f"input {info.name} has {len(shape)} dimensions, expected at most {_MAX_DIMENSIONS}")
    leaves = list(_leaves(value, shape, info.name))
    dtype = numpy_dtype(info.dtype)
    if info.dtype == STRING:
        texts = np.empty(len(leaves), object)
        texts[:] = [_bytes(leaf, info.name) for leaf in leaves]
        return texts.reshape(shape)
    for leaf in leaves:
        _check(leaf, dtype, info.name)
    try:
        with np.errstate(over="ignore"):
            return np.array(leaves, dtype).reshape(shape)
    except OverflowError:
        raise InvalidArgumentError(f"input {info.name} has a whole number that is too large for {dtype.name}") from None


def is_base64(value: Any) -> bool:
    """Whether a value is `{"b64": "..."}`."""
    return isinstance(value, dict) and value.keys() == {"b64"} and isinstance(value["b64"], str)


def json_from_array(array: Array) -> Any:
    """Return an array as nested lists; bytes that are no UTF-8 as `{"b64": "..."}`."""
    if array.dtype.kind != "O":
        return array.tolist()
    return _nested(array.tolist())


def json_from_bytes(value: bytes) -> Any:
    """Return bytes as a string, or as `{"b64": "..."}` where they are no UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def bytes_from_json(value: Any, name: str) -> bytes:
    """Return a string, or `{"b64": "..."}`, as bytes.

    Raises:
        InvalidArgumentError: It is neither; names what is called `name`.
    """
    return _bytes(value, name)


def quoted(value: Any) -> str:
    """Return a JSON value for a message, cut short."""
    text = json.dumps(value)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}..."


def _nested(value: Any) -> Any:
    return [_nested(item) for item in value] if isinstance(value, list) else json_from_bytes(value)


def _shape(value: Any) -> tuple[int, ...]:
    """By first elements alone."""
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(sizes)


def _leaves(value: Any, shape: tuple[int, ...], name: str) -> Iterator[Any]:
    if not shape:
        if isinstance(value, list):
            raise InvalidArgumentError(f"input {name}: {quoted(value)} is nested deeper than the elements before it")
        yield value
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise InvalidArgumentError(f"input {name}: {quoted(value)} should be a list of {shape[0]}, as those before it")
    for item in value:
        yield from _leaves(item, shape[1:], name)


def _check(leaf: Any, dtype: np.dtype[Any], name: str) -> None:
    import numpy as np

    kind = dtype.kind
    if kind == "b":
        fits = isinstance(leaf, bool)
    elif isinstance(leaf, bool):
        fits = False
    elif kind in "iu":
        limits = np.iinfo(dtype)
        fits = isinstance(leaf, int) and limits.min <= leaf <= limits.max
    else:
        fits = isinstance(leaf, int | float) and kind == "f"
    if not fits:
        raise InvalidArgumentError(f"input {name}: {quoted(leaf)} is no {dtype.name}")


def _bytes(value: Any, name: str) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if is_base64(value):
        try:
            return base64.b64decode("".join(value["b64"].split()), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise InvalidArgumentError(f'{name}: expected a string or {{"b64": "..."}} in base64, got {quoted(value)}')
