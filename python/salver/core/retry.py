"""Trying again, with pauses that a cancel ends at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from salver.errors import CancelledError, SalverError, as_salver_error

T = TypeVar("T")

Wait = Callable[[threading.Event, float], bool]
"""Waits until the event is set or the seconds are over; says whether it is set."""

ShouldRetry = Callable[[SalverError], bool]
"""Says whether another attempt makes sense after this error."""

_log = logging.getLogger(__name__)


def always_retry(error: SalverError) -> bool:
    """Another attempt makes sense after any error."""
    del error
    return True


def wait_for_event(event: threading.Event, timeout_s: float) -> bool:
    """Wait on the real clock."""
    return event.wait(timeout_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Pauses between attempts: `interval_s`, then each `multiplier` times the last, up to `max_interval_s`."""

    interval_s: float = 60.0
    """The first pause, in seconds; 0 is none."""
    multiplier: float = 1.0
    """Growth from one pause to the next; 1 keeps them equal."""
    max_interval_s: float | None = None
    """The longest pause; None is no limit."""

    def delay_s(self, num_failures: int) -> float:
        """Return the pause after the `num_failures`-th failure (from 1 on)."""
        limit = float("inf") if self.max_interval_s is None else self.max_interval_s
        try:
            return min(self.interval_s * self.multiplier ** (num_failures - 1), limit)
        except OverflowError:
            return limit


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryOptions:
    """How often, how long and whether to try again."""

    max_num_retries: int = 5
    """Attempts after the first one."""
    backoff: Backoff = field(default_factory=Backoff)
    """The pauses."""
    should_retry: ShouldRetry = always_retry
    """Asked after each failure; False makes that failure the last."""
    wait: Wait = wait_for_event
    """How to pause; tests replace it."""


def retry(description: str, attempt: Callable[[], T], options: RetryOptions, cancelled: threading.Event) -> T:
    """Call `attempt` until it succeeds, and return its result.

    The first attempt always happens, also when `cancelled` is set; after that, setting it ends the pause or stops
    the next attempt, not the one that runs. Blocks for the attempts and the pauses; hold no lock over it.

    Raises:
        SalverError: The error of the last attempt.
    """
    num_failures = 0
    while True:
        try:
            return attempt()
        except Exception as error:  # noqa: BLE001  # user code may raise anything; it is raised again below
            failure = as_salver_error(error)
            if failure is error:
                level = logging.INFO if isinstance(failure, CancelledError) else logging.ERROR
                _log.log(level, "%s failed: %s", description, failure)
            else:
                # A bug or a surprise: its whole text and its traceback belong in the log, once, and nowhere else.
                _log.exception("%s failed", description)
        num_failures += 1
        if not _may_try_again(description, failure, num_failures, options, cancelled):
            raise failure
        _log.info("Retrying of %s retry: %d", description, num_failures)


def _may_try_again(
    description: str, failure: SalverError, num_failures: int, options: RetryOptions, cancelled: threading.Event
) -> bool:
    """Pause before the next attempt; False if there is to be none."""
    if num_failures > options.max_num_retries:
        if options.max_num_retries > 0:
            _log.info("%s exhausted max_num_retries", description)
        return False
    if cancelled.is_set() or not options.should_retry(failure):
        _log.info("%s was cancelled.", description)
        return False
    delay_s = options.backoff.delay_s(num_failures)
    if delay_s > 0 and options.wait(cancelled, delay_s):
        _log.info("%s was cancelled.", description)
        return False
    return True
