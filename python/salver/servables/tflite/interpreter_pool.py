"""A bounded number of things that are made when needed and used by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from salver.errors import DeadlineExceededError

T = TypeVar("T")


class InterpreterPool(Generic[T]):
    """Lends what `make` makes, at most `max_size` at the same time. Thread-safe.

    The one given back last is lent first, so that no more are made than requests ever ran at the same time: each
    takes memory.
    """

    def __init__(self, make: Callable[[], T], max_size: int) -> None:
        self._make = make
        self._permits = threading.Semaphore(max_size)
        self._idle: list[T] = []  # append and pop are atomic; the permits bound how many there are

    @contextmanager
    def borrow(self, timeout_s: float | None) -> Iterator[T]:
        """Lend one for a `with` block.

        Raises:
            DeadlineExceededError: None came free in time; None waits until one does.
        """
        if not self._permits.acquire(timeout=timeout_s):
            raise DeadlineExceededError("all interpreters of the model were busy until the deadline")
        try:
            lent = self._take()
            try:
                yield lent
            finally:
                self._idle.append(lent)
        finally:
            self._permits.release()

    def _take(self) -> T:
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()
