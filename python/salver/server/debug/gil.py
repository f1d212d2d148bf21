"""How busy the interpreter lock is, measured by asking for it.

A thread sleeps without the lock, for about a millisecond and never for the same time, so that it keeps step with
nothing; then it asks for the lock, and the time until it has it is measured without Python. Moments so chosen see the
lock as it is on average: the share of them that found it taken is an estimate of the share of time that it is held, off
by at most 1 / sqrt(number of samples) in 19 of 20 cases. The waits are those of any other thread that comes back to
Python, such as a runner whose batch is over; after 5 ms the interpreter asks the holder to let go. Time that the system
does not give to the thread before it asks is not in them; time in which the holder does not run is, as it is for
everybody who waits.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

from salver.admin.debug import GilReport
from salver.errors import ResourceExhaustedError

_MEAN_PAUSE_S = 0.001
_TAKEN_S = 20e-6
"""A free lock is there after one or two microseconds."""


class GilProbe:
    """Measures, once at a time: two measurements would see each other."""

    def __init__(self, wait_for_lock: Callable[[float], float], clock: Callable[[], float] = time.monotonic) -> None:
        """Make a probe.

        Args:
            wait_for_lock: Sleeps so long without the lock, and returns how long it took to get it back.
            clock: Gives the time.
        """
        self._wait_for_lock = wait_for_lock
        self._clock = clock
        self._lock = threading.Lock()

    def measure(self, window_s: float, is_wanted: Callable[[], bool] = lambda: True) -> GilReport:
        """Measure for so long, or until it is no longer wanted; blocks.

        Raises:
            ResourceExhaustedError: Somebody else measures now.
        """
        if not self._lock.acquire(blocking=False):
            raise ResourceExhaustedError("the interpreter lock is being measured already")
        try:
            return self._measure(window_s, is_wanted)
        finally:
            self._lock.release()

    def _measure(self, window_s: float, is_wanted: Callable[[], bool]) -> GilReport:
        begun, waits = self._clock(), [self._sample()]
        while self._clock() - begun < window_s and is_wanted():
            waits.append(self._sample())
        waits.sort()
        return GilReport(
            window_s=self._clock() - begun,
            num_samples=len(waits),
            held_share=sum(wait > _TAKEN_S for wait in waits) / len(waits),
            wait_p50_s=_quantile(waits, 0.5),
            wait_p90_s=_quantile(waits, 0.9),
            wait_p99_s=_quantile(waits, 0.99),
            wait_max_s=waits[-1],
        )

    def _sample(self) -> float:
        return self._wait_for_lock(_MEAN_PAUSE_S * random.uniform(0.5, 1.5))


def _quantile(ascending: Sequence[float], share: float) -> float:
    return ascending[min(int(share * len(ascending)), len(ascending) - 1)]
