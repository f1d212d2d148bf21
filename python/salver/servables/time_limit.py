"""The time that the batch running in this thread has left, for servables that wait for something."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float | None] = ContextVar("salver_deadline", default=None)


@contextmanager
def time_limit(timeout_s: float | None) -> Iterator[None]:
    """Let `time_left_s` count down from this while a `with` block runs in this thread; None is no limit."""
    token = _deadline.set(None if timeout_s is None else time.monotonic() + timeout_s)
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left_s() -> float | None:
    """Return the seconds, at least 0, until nobody waits for the batch any more; None without such a time."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline - time.monotonic())
