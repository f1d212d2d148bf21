"""Items that are arrays: joined along their first dimension, and the answer cut in the same places."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from salver.batching.items import Measured
from salver.errors import InternalError, InvalidArgumentError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

A = TypeVar("A")
B = TypeVar("B")


class ArrayRun(Generic[A, B]):
    """A callable over arrays, to be given to a `Batcher`.

    An item is an array, or a mapping of names to arrays, whose first dimension is its rows. Items whose arrays differ
    in names, element types or other dimensions do not share a batch. The callable gets one array, or one dict of
    arrays, with the rows of all items, which is its own to change; it returns an array with as many rows, or a mapping
    or tuple of such arrays, and each caller gets its rows of it, as a view. Arrays of other libraries pass through
    where they have a shape and can be sliced.

    A policy with `allowed_batch_sizes` has batches filled up to these sizes with copies of their last row, which are
    cut from the answer: for callables that are compiled for each shape.
    """

    @overload
    def __init__(self, run: Callable[[A], Coroutine[Any, Any, B]]) -> None: ...
    @overload
    def __init__(self, run: Callable[[A], B]) -> None: ...
    def __init__(self, run: Callable[[A], Any]) -> None:
        self.run = run

    def measure(self, item: A) -> Measured:
        """See `BatchForm.measure`."""
        import numpy as np

        if isinstance(item, Mapping):
            arrays = {name: np.asarray(value) for name, value in item.items()}
            kind: Hashable = tuple((name, _kind(arrays[name])) for name in sorted(arrays))
            return Measured(arrays, _num_rows(arrays), sum(array.nbytes for array in arrays.values()), kind)
        array = np.asarray(item)
        return Measured(array, _num_rows({"": array}), array.nbytes, _kind(array))

    def join(self, items: list[Any], padded_rows: int) -> Any:
        """See `BatchForm.join`."""
        if isinstance(items[0], dict):
            return {name: _joined([item[name] for item in items], padded_rows) for name in items[0]}
        return _joined(items, padded_rows)

    def cut(self, answer: Any, items: list[Any], padded_rows: int) -> Sequence[B]:
        """See `BatchForm.cut`."""
        rows = [len(next(iter(item.values())) if isinstance(item, dict) else item) for item in items]
        places = list(pairwise(accumulate(rows, initial=0)))
        num_rows = places[-1][1]
        return list(_pieces(answer, places, max(num_rows, padded_rows) if num_rows else 0))


def _kind(array: Array) -> Hashable:
    # Text and bytes are joined whatever their longest element is.
    return (array.dtype.kind if array.dtype.kind in "SU" else array.dtype.str, array.shape[1:])


def _num_rows(arrays: Mapping[str, Array]) -> int:
    rows = {name: array.shape[:1] for name, array in arrays.items()}
    if len(set(rows.values())) == 1 and () not in rows.values():
        return len(next(iter(arrays.values())))
    shapes = ", ".join(f"{name} {list(array.shape)}".strip() for name, array in arrays.items()) or "no array"
    raise InvalidArgumentError(f"expected arrays with the same first dimension, got {shapes}")


def _joined(arrays: list[Array], padded_rows: int) -> Array:
    import numpy as np

    missing = padded_rows - sum(len(array) for array in arrays)
    last = next((array[-1:] for array in reversed(arrays) if len(array)), None)
    filling = [] if last is None or missing <= 0 else [np.repeat(last, missing, axis=0)]
    return np.concatenate([*arrays, *filling])


def _pieces(answer: Any, places: list[tuple[int, int]], num_rows: int) -> Iterator[Any]:
    """What lies at each place, of an array or of each array in a mapping or tuple."""
    if isinstance(answer, Mapping):
        cut = {name: list(_pieces(value, places, num_rows)) for name, value in answer.items()}
        return ({name: pieces[index] for name, pieces in cut.items()} for index in range(len(places)))
    if isinstance(answer, tuple):
        members = [list(_pieces(value, places, num_rows)) for value in answer]
        return (tuple(pieces[index] for pieces in members) for index in range(len(places)))
    array = _as_array(answer)
    if tuple(array.shape[:1]) != (num_rows,):
        raise InternalError(
            f"run returned an array of shape {list(array.shape)}, "
            f"expected {num_rows} in the first dimension, as its input had"
        )
    return (array[start:end] for start, end in places)


def _as_array(value: Any) -> Any:
    import numpy as np

    return value if hasattr(value, "shape") and hasattr(value, "__getitem__") else np.asarray(value)
