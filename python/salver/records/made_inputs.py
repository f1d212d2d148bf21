"""Inputs that are given, recorded, or made up from a signature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.records.tensors import typed
from salver.servables.dtypes import STRING, numpy_dtype

if TYPE_CHECKING:
    import numpy as np

    Arrays: TypeAlias = "Mapping[str, np.ndarray[Any, Any]]"

USUAL_LENGTH = 16
"""Of a dimension that the signature leaves open."""
_MADE_ROWS = 16
"""Different rows of an input that is made up; they repeat."""


@dataclass(frozen=True)
class BatchInputs:
    """Inputs of one signature, for batches of any size."""

    arrays: Arrays
    """At least one row each, by input."""
    origins: tuple[str, ...]
    """In words, where each is from."""

    def of_rows(self, num_rows: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return inputs of so many rows: those there are, over and over."""
        import numpy as np

        return {name: array[np.arange(num_rows) % len(array)] for name, array in self.arrays.items()}


def batch_inputs(
    signature: Signature, given: Mapping[str, Any], recorded: Callable[[], Arrays | None], length: int | None
) -> BatchInputs:
    """Return what there is for each input: what is given, else what was recorded, else what is made up.

    Raises:
        InvalidArgumentError: Something given is no input of the signature or does not fit it, or an input has no rows
            to batch by.
    """
    known = {info.name: info for info in signature.inputs}
    _check_names(signature, known, given)
    found = {name: fitted(known[name], array) for name, array in given.items()}
    origins = dict.fromkeys(found, "as given")
    if len(found) < len(known):
        for name, array in (recorded() or {}).items():
            if name in known and name not in found:
                found[name] = array
                origins[name] = "from the model's warm-up data"
    for name, info in known.items():
        if name not in found:
            found[name] = made_up(info, length)
            origins[name] = f"made up, {_shape_text(info, found[name])}"
    return BatchInputs({name: found[name] for name in known}, tuple(f"{name}: {origins[name]}" for name in known))


def fitted(info: TensorInfo, array: Any) -> np.ndarray[Any, Any]:
    """Return a given array with the element type of its input.

    Raises:
        InvalidArgumentError: It cannot have that type, or its shape is not one of this input.
    """
    import numpy as np

    array = np.asarray(array)
    if not _fits(info.shape, array.shape):
        expected = "at least one row" if info.shape is None else str(list(info.shape))
        raise InvalidArgumentError(f"input {info.name} was given with shape {list(array.shape)}, expected {expected}")
    return typed(info, array)


def made_up(info: TensorInfo, length: int | None) -> np.ndarray[Any, Any]:
    """Return some rows of an input: random fractions, zeros (an index that every table has), or empty strings.

    Raises:
        InvalidArgumentError: Its first dimension is fixed, so that no requests can be joined along it.
    """
    shape = (-1,) if info.shape is None else info.shape
    if not shape or shape[0] >= 0:
        raise InvalidArgumentError(
            f"input {info.name} has shape {list(shape)}: without an open first dimension requests cannot be joined"
        )
    return made_rows(info, _MADE_ROWS, length)


def made_rows(info: TensorInfo, num_rows: int, length: int | None) -> np.ndarray[Any, Any]:
    """Return one input as `made_up` fills it, of so many rows where the first dimension is open.

    Raises:
        InvalidArgumentError: numpy has no such elements.
    """
    import numpy as np

    open_length = USUAL_LENGTH if length is None else length
    first, *rest = info.shape or ((-1,) if info.shape is None else (None,))
    sizes = () if first is None else (num_rows if first < 0 else first, *rest)
    whole = tuple(open_length if size < 0 else size for size in sizes)
    if info.dtype == STRING:
        return np.full(whole, b"", object)
    dtype = numpy_dtype(info.dtype)
    if dtype.kind in "fc":
        return np.asarray(np.random.default_rng(0).random(whole)).astype(dtype)
    return np.zeros(whole, dtype)


def _check_names(signature: Signature, known: Iterable[str], given: Iterable[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidArgumentError(
            f"signature {signature.name} has no input {', '.join(unknown)}; it has {', '.join(known)}"
        )


def _fits(wanted: tuple[int, ...] | None, shape: tuple[int, ...]) -> bool:
    if not shape or shape[0] < 1:
        return False
    if wanted is None:
        return True
    # A batch has any number of rows, whatever the first dimension of what was given.
    same_rank = len(wanted) == len(shape) and wanted[0] < 0
    return same_rank and all(size in {-1, own} for size, own in zip(wanted[1:], shape[1:], strict=True))


def _shape_text(info: TensorInfo, array: np.ndarray[Any, Any]) -> str:
    rows = "[rows" + "".join(f", {size}" for size in array.shape[1:]) + "]"
    is_open = info.shape is not None and -1 in info.shape[1:]
    return f"{rows} (--length sets the open dimensions)" if is_open else rows
