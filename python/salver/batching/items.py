"""How items become what `run` takes, and what it returns becomes their results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from salver.errors import InternalError, InvalidArgumentError

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Run: TypeAlias = (
    Callable[[list[T]], Sequence[R | BaseException]] | Callable[[list[T]], Awaitable[Sequence[R | BaseException]]]
)
"""Takes items and returns as many results, in their order; an exception among them is that caller's error."""


class Measured(NamedTuple):
    """An item as it is queued."""

    item: Any
    num_rows: int = 1
    num_bytes: int = 0
    kind: Hashable = None
    """Items of different kinds cannot share a batch."""


class BatchForm(Protocol[R_co]):
    """How a batch is put to a callable: the callable, and what goes in and comes out of it."""

    @property
    def run(self) -> Callable[[Any], Any]:
        """Runs a batch, or returns what is to be awaited for it."""

    def measure(self, item: Any) -> Measured:
        """Look at one item, in its caller's thread; raises what is wrong with it."""

    def join(self, items: list[Any], padded_rows: int) -> Any:
        """Return what `run` is to be called with for these items, filled up to so many rows where it can be."""

    def cut(self, answer: Any, items: list[Any], padded_rows: int) -> Sequence[R_co | BaseException]:
        """Return one outcome for each item; raises InternalError for an answer that `run` should not give."""


class ListForm(Generic[T, R]):
    """Items in a list."""

    def __init__(self, run: Run[T, R], size: Callable[[T], int] | None) -> None:
        self.run = run
        self._size = size

    def measure(self, item: T) -> Measured:
        """See `BatchForm.measure`."""
        if self._size is None:
            return Measured(item)
        num_rows = self._size(item)
        if num_rows < 0:
            raise InvalidArgumentError(f"size returned {num_rows!r} for an item, expected a number from 0 on")
        return Measured(item, num_rows)

    def join(self, items: list[T], padded_rows: int) -> list[T]:  # noqa: ARG002  # nothing to fill up with
        """See `BatchForm.join`."""
        return items

    def cut(self, answer: Sequence[R], items: list[T], padded_rows: int) -> Sequence[R | BaseException]:  # noqa: ARG002
        """See `BatchForm.cut`."""
        is_ordered = hasattr(answer, "__len__") and not isinstance(answer, (Mapping, AbstractSet, str, bytes))
        if not is_ordered:
            kind = type(answer).__name__
            raise InternalError(f"run returned {kind}, expected a sequence of {len(items)} results, one for each item")
        results = list(answer)
        if len(results) != len(items):
            raise InternalError(f"run returned {len(results)} results for {len(items)} items, expected one for each")
        return results
