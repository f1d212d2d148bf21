"""Fakes for the flow of aspired versions: a source to drive by hand, and a target that records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from salver.core.servable_data import ServableData
from salver.core.source import AspiredVersionsCallback, TargetBase
from salver.errors import FailedPreconditionError

T = TypeVar("T")

Emission = tuple[str, list[ServableData[T]]]
"""A stream's name and the list that was emitted for it."""


class FakeSource(Generic[T]):
    """Emits what a test tells it to, on the test's thread."""

    def __init__(self) -> None:
        self._callback: AspiredVersionsCallback[T] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the callback was set."""
        return self._callback is not None

    def set_aspired_versions_callback(self, callback: AspiredVersionsCallback[T]) -> None:
        """See `Source`."""
        if self._callback is not None:
            raise FailedPreconditionError("set_aspired_versions_callback() was called before; it may be only once")
        self._callback = callback

    def emit(self, name: str, versions: Sequence[ServableData[T]]) -> None:
        """Emit one list.

        Raises:
            FailedPreconditionError: Not connected.
        """
        if self._callback is None:
            raise FailedPreconditionError("The source is not connected")
        self._callback(name, versions)


class FakeTarget(TargetBase[T]):
    """Records every list it gets; thread-safe, because notifications come one at a time."""

    def __init__(self, on_call: Callable[[str, Sequence[ServableData[T]]], None] | None = None) -> None:
        """Make a target; `on_call` is called first for each list, and may block or raise."""
        super().__init__()
        self._on_call = on_call
        self.calls: list[Emission[T]] = []
        """The lists in the order they came."""

    def take_calls(self) -> list[Emission[T]]:
        """Return the lists since the last call of this, and forget them."""
        calls, self.calls = self.calls, []
        return calls

    @property
    def aspired(self) -> dict[str, list[ServableData[T]]]:
        """The last list of each stream."""
        return dict(self.calls)

    def versions(self, name: str) -> list[int] | None:
        """Return the version numbers of a stream's last list, highest first; None if none came."""
        items = self.aspired.get(name)
        return None if items is None else sorted((item.id.version for item in items), reverse=True)

    def _set_aspired_versions(self, name: str, versions: Sequence[ServableData[T]]) -> None:
        if self._on_call is not None:
            self._on_call(name, versions)
        self.calls.append((name, list(versions)))
