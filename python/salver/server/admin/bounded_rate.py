"""A limit on how often something is told, whoever makes it happen."""

from __future__ import annotations

import time
from collections.abc import Callable


class BoundedRate:
    """Lets so many through in each period, and counts the others. Not thread-safe: its owner has a lock."""

    def __init__(self, max_per_period: int, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with a period in which nothing happened; `clock` gives seconds."""
        self._max_per_period = max_per_period
        self._period_s = period_s
        self._clock = clock
        self._began_s = clock()
        self._num_passed = 0
        self._num_held_back = 0

    def take(self) -> int | None:
        """Return how many were held back since the last that passed; None where this one is held back, too."""
        now_s = self._clock()
        if not 0 <= now_s - self._began_s < self._period_s:  # a clock that was set back begins anew
            self._began_s, self._num_passed = now_s, 0
        if self._num_passed >= self._max_per_period:
            self._num_held_back += 1
            return None
        self._num_passed += 1
        held_back, self._num_held_back = self._num_held_back, 0
        return held_back
