"""Counts the loads and unloads under way, for those who wait for one to end."""

from __future__ import annotations

import threading
from typing import NamedTuple


class ExecutionCount(NamedTuple):
    """What was under way at one moment."""

    num_ongoing: int
    generation: int
    """Rises with every end."""


class Executions:
    """The loads and unloads under way. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        """Guards both numbers."""
        self._num_ongoing = 0
        self._generation = 0

    def begin(self) -> None:
        """One more is under way."""
        with self._changed:
            self._num_ongoing += 1

    def end(self) -> None:
        """One is over."""
        with self._changed:
            self._num_ongoing -= 1
            self._generation += 1
            self._changed.notify_all()

    def count(self) -> ExecutionCount:
        """Return the present numbers."""
        with self._changed:
            return ExecutionCount(self._num_ongoing, self._generation)

    def wake(self) -> None:
        """Let everybody who waits look at its cancel event again."""
        with self._changed:
            self._changed.notify_all()

    def wait_for_end(self, since: ExecutionCount, cancelled: threading.Event) -> None:
        """Wait until one has ended after `since`, or `cancelled` is set and `wake` called."""
        with self._changed:
            self._changed.wait_for(lambda: self._generation != since.generation or cancelled.is_set())

    def wait_until_at_most(self, num_ongoing: int, timeout_s: float | None) -> bool:
        """Wait until no more than this are under way; False if the time was up first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._num_ongoing <= num_ongoing, timeout_s)
