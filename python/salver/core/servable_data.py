"""What a source says of one version: here is its data, or it should exist and is broken."""

from __future__ import annotations

from typing import Generic, TypeVar

from salver.core.ids import ServableId
from salver.errors import SalverError

T = TypeVar("T")


class ServableData(Generic[T]):
    """An id with either data or the error that took its place.

    Build it with `ServableData(id, data)` or `ServableData.failed(id, error)`.
    """

    __slots__ = ("_data", "error", "id")

    def __init__(self, id: ServableId, data: T | None, error: SalverError | None = None) -> None:
        self.id = id
        self._data = data
        self.error = error

    @classmethod
    def failed(cls, id: ServableId, error: SalverError) -> ServableData[T]:
        """The version `id` should exist, but `error` happened to it."""
        return cls(id, None, error)

    @property
    def is_ok(self) -> bool:
        """Whether there is data."""
        return self.error is None

    @property
    def data(self) -> T:
        """The data; raises the error of a failed item."""
        if self.error is not None:
            raise self.error
        return self._data  # type: ignore[return-value]  # an item without error holds a T

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServableData):
            return NotImplemented
        return (self.id, self.error, self._data) == (other.id, other.error, other._data)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"ServableData({self.id}, {self._data if self.error is None else self.error!r})"
