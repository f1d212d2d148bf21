"""Trouble that comes with every request, told once in a while: the log has no line per request."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable
from typing import Final

LOG_PAUSE_S: Final = 60.0
"""A second line of the same kind is not written before."""


class LogPause:
    """Says of each kind of trouble when it is due for a line. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards _told_s
        self._told_s: dict[Hashable, float] = {}

    def is_due(self, kind: Hashable) -> bool:
        """Whether to write a line now, which then counts as written."""
        now_s = self._clock()
        with self._lock:
            if now_s - self._told_s.get(kind, -math.inf) < LOG_PAUSE_S:
                return False
            self._told_s = {told: at_s for told, at_s in self._told_s.items() if now_s - at_s < LOG_PAUSE_S}
            self._told_s[kind] = now_s
        return True
