"""Until when a call may take, all its attempts together."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from salver.errors import DeadlineExceededError, InvalidArgumentError

Clock = Callable[[], float]


@dataclass(frozen=True)
class Deadline:
    """A moment on a monotonic clock."""

    at_s: float | None
    """None where a call may take any time."""
    timeout_s: float | None = None
    """What was given, for messages."""
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, timeout_s: float | None, clock: Clock = time.monotonic) -> Deadline:
        """Return the deadline `timeout_s` from now.

        Raises:
            InvalidArgumentError: It is not above 0.
        """
        if timeout_s is None or timeout_s == math.inf:
            return cls(None, None, clock)
        if not timeout_s > 0:
            raise InvalidArgumentError(f"timeout_s: expected a number above 0 or None, got {timeout_s!r}")
        return cls(clock() + timeout_s, timeout_s, clock)

    def left_s(self) -> float | None:
        """The seconds that are left; None for any number.

        Raises:
            DeadlineExceededError: None are.
        """
        if self.at_s is None:
            return None
        left = self.at_s - self.clock()
        if left <= 0:
            raise self.exceeded()
        return left

    def allows(self, wait_s: float) -> bool:
        """Whether something can be tried after a wait."""
        return wait_s < math.inf and (self.at_s is None or self.clock() + wait_s < self.at_s)

    def exceeded(self) -> DeadlineExceededError:
        """Return the error of a call that took longer."""
        return DeadlineExceededError(f"no answer within {self}")

    def __str__(self) -> str:
        return "any time" if self.timeout_s is None else f"{self.timeout_s:g} s"
