"""A clock that a test sets."""

from __future__ import annotations

import threading


class FakeClock:
    """Seconds that pass only when told to; call it to read it. Thread-safe.

    `wait` fits `RetryOptions.wait`: it lets the time pass at once and remembers how much was asked for.
    """

    def __init__(self, now_s: float = 1000.0) -> None:
        self._lock = threading.Lock()
        self._now_s = now_s
        self.waits_s: list[float] = []
        """The pauses that were asked for, in order."""

    def __call__(self) -> float:
        """Return the time."""
        with self._lock:
            return self._now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self._now_s += seconds

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Pass `timeout_s` at once, unless the event is set; say whether it is."""
        self.waits_s.append(timeout_s)
        if not event.is_set():
            self.advance(timeout_s)
        return event.is_set()
