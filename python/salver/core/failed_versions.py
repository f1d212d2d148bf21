"""Remembers which aspired versions have failed, and when each is to be tried again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.retry import Backoff
from salver.core.servable_data import ServableData

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FailedLoads:
    """The failures of a version since it was last loaded."""

    num_failures: int
    next_retry_s: float | None
    """Seconds until it is tried again; None where it is not, or is being tried."""


@dataclass(slots=True)
class _Attempts:
    """What is known of one version that is not loaded."""

    data: ServableData[Loader]
    """The last that a source offered."""
    num_failures: int = 0
    due_s: float | None = None
    """When to try again; None while there is nothing to try."""
    is_over: bool = False
    """Whether the manager has done with the attempt that failed, so that another may begin."""

    @property
    def due_now_s(self) -> float | None:
        """When to try again, if that may be."""
        return self.due_s if self.is_over else None


class FailedVersions:
    """The pauses of versions that failed, and when to give up; without a back-off it remembers nothing.

    Thread-safe: loads fail on their own threads.
    """

    def __init__(self, backoff: Backoff | None, clock: Callable[[], float], max_num_retries: int | None = None) -> None:
        self._backoff = backoff
        self._max_num_retries = max_num_retries
        self._clock = clock
        self._mutex = threading.Lock()
        """Guards `_attempts`; a leaf."""
        self._attempts: dict[ServableId, _Attempts] = {}

    def offer(self, data: ServableData[Loader]) -> bool:
        """Keep `data` for the next try; True if it mends a version that its source had reported as broken."""
        if self._backoff is None:
            return False
        with self._mutex:
            attempts = self._attempts.setdefault(data.id, _Attempts(data))
            is_mended = attempts.data.error is not None and data.error is None
            attempts.data = data
            return is_mended

    def note_attempt(self, data: ServableData[Loader]) -> None:
        """The version is being tried with this data: it is not due."""
        self.offer(data)
        with self._mutex:
            attempts = self._attempts.get(data.id)
            if attempts is not None:
                attempts.due_s = None
                if attempts.num_failures:
                    _log.info("Retrying of Loading servable: %s retry: %d", data.id, attempts.num_failures)

    def note_failure(self, id: ServableId) -> None:
        """The version failed: try it after a pause and `allow_retry`, if there is data to try it with."""
        with self._mutex:
            attempts = self._attempts.get(id)
            if attempts is None or self._backoff is None or attempts.data.error is not None:
                return
            attempts.num_failures += 1
            attempts.is_over = False
            if self._max_num_retries is not None and attempts.num_failures > self._max_num_retries:
                _log.info("Loading servable: %s exhausted max_num_retries", id)
                return
            attempts.due_s = self._clock() + self._backoff.delay_s(attempts.num_failures)

    def allow_retry(self, id: ServableId) -> None:
        """The attempt that failed is over, and nothing of it is under way any more."""
        with self._mutex:
            attempts = self._attempts.get(id)
            if attempts is not None:
                attempts.is_over = True

    def note_success(self, id: ServableId) -> None:
        """The version is loaded."""
        self.forget(id)

    def forget(self, id: ServableId) -> None:
        """The version is loaded or no longer aspired."""
        with self._mutex:
            self._attempts.pop(id, None)

    def take_due(self) -> list[ServableData[Loader]]:
        """Return the versions to be tried now; each is returned once for a failure."""
        with self._mutex:
            now_s = self._clock()
            due = [one for one in self._attempts.values() if one.due_now_s is not None and one.due_now_s <= now_s]
            for attempts in due:
                attempts.due_s = None
            return [attempts.data for attempts in due]

    def get(self, id: ServableId) -> FailedLoads:
        """Return how often this version failed since it was last loaded, and when it is tried again."""
        with self._mutex:
            attempts = self._attempts.get(id)
            if attempts is None:
                return FailedLoads(0, None)
            due_s = attempts.due_s
            return FailedLoads(attempts.num_failures, None if due_s is None else max(0.0, due_s - self._clock()))

    def seconds_to_next_retry(self) -> float | None:
        """Return how long until a version is due; None if none will be."""
        with self._mutex:
            times = [one.due_now_s for one in self._attempts.values() if one.due_now_s is not None]
            return max(0.0, min(times) - self._clock()) if times else None
