"""The values of files to the arrays that a signature takes: names, types and shapes come from the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from salver.client.signatures import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.nearest import nearest_or_all
from salver.predict.readers import ONLY, Values, as_array

Array = np.ndarray[Any, Any]
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


def arrays_for(signature: Signature, values: Values) -> dict[str, Array]:
    """Return an array for each input.

    Raises:
        InvalidArgumentError: An input that there is not, with the nearest that there is; one that is missing; values
            that are not of its type, or have not its shape.
    """
    named = _named(signature, values)
    missing = [name for name in signature.inputs if name not in named and name not in signature.defaults]
    if missing:
        needed = ", ".join(f"{name} ({signature.inputs[name]})" for name in missing)
        raise InvalidArgumentError(f"missing inputs: {needed}")
    return {name: _array(name, value, signature.inputs[name]) for name, value in named.items()}


def _named(signature: Signature, values: Values) -> Mapping[str, Any]:
    if list(values) == [ONLY]:
        if len(signature.inputs) != 1:
            names = ", ".join(signature.inputs) or "none"
            raise InvalidArgumentError(f"the values are for which input? The signature has {names}: give them by name")
        return {next(iter(signature.inputs)): values[ONLY]}
    for name in values:
        if name not in signature.inputs:
            raise InvalidArgumentError(f"no input {name!r}; {nearest_or_all(name, signature.inputs)}")
    return values


def _array(name: str, value: Any, info: TensorInfo) -> Array:
    try:
        found = _typed(as_array(value), info.dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidArgumentError(f"input {name!r} takes {info}: {error}") from None
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"input {name!r} takes {info}: {error.message}") from None
    return _shaped(name, found, info)


def _typed(array: Array, dtype: np.dtype[Any]) -> Array:
    """Text is read as the type wants it; numbers may change their type where they keep their value."""
    is_text = array.dtype.kind in "OSU"
    if dtype.kind == "O":
        if not is_text and array.size:
            raise ValueError(f"got {array.dtype.name}")
        return array.astype(object)
    if is_text:
        return _read(array, dtype)
    if array.dtype == dtype or not array.size:
        return array.astype(dtype)
    if (dtype.kind == "b") != (array.dtype.kind == "b"):
        raise ValueError(f"got {array.dtype.name}")
    if array.dtype.kind == "c" and dtype.kind != "c":
        raise ValueError(f"got {array.dtype.name}")
    with np.errstate(over="ignore", invalid="ignore"):
        changed = array.astype(dtype)
    is_lost = changed != array if dtype.kind in "iu" else np.isinf(changed) & ~np.isinf(array)
    if is_lost.any():
        raise ValueError(f"{array.ravel()[np.argmax(is_lost.ravel())]} is not such a number")
    return changed


def _read(array: Array, dtype: np.dtype[Any]) -> Array:
    cells = [str(cell, "utf-8") if isinstance(cell, bytes) else cell for cell in array.ravel().tolist()]
    read: Callable[[Any], Any] = _READERS.get(dtype.kind, float)
    return np.array([read(cell) for cell in cells], dtype).reshape(array.shape)


def _truth(cell: Any) -> bool:
    try:
        return _TRUTH[str(cell).strip().lower()]
    except KeyError:
        raise ValueError(f"expected true or false, got {cell!r}") from None


_READERS: dict[str, Callable[[Any], Any]] = {"b": _truth, "i": int, "u": int, "c": complex}


def _shaped(name: str, array: Array, info: TensorInfo) -> Array:
    """Check the shape; elements in a row that the model wants in a grid are put there."""
    shape = info.shape
    if shape is None or _fits(array.shape, shape):
        return array
    sizes = [-1 if size is None else size for size in shape]
    is_grid = len(shape) > 2 and sizes[0] == -1 and -1 not in sizes[1:]
    if is_grid and array.ndim == 2 and array.shape[1] == int(np.prod(sizes[1:])):
        return array.reshape(array.shape[0], *sizes[1:])
    if array.ndim == 1 and len(shape) == 2 and shape[1] in {1, None}:
        return array.reshape(-1, 1)
    raise InvalidArgumentError(f"input {name!r} takes {info}, got the shape {list(array.shape)}")


def _fits(found: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(found) == len(wanted) and all(
        size is None or size == here for here, size in zip(found, wanted, strict=True)
    )
