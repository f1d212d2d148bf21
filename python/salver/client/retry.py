"""When a call is tried again: after UNAVAILABLE, and nothing else.

UNAVAILABLE says that the server, or the way to it, cannot take the call now. It does not always say that the call was
not carried out: a connection may break between the run and its answer. So only calls that do no harm the second time
are tried again. Inference, status and metadata are such: they change nothing in a server. A reload is not, nor is a
stream whose first part has come. RESOURCE_EXHAUSTED and DEADLINE_EXCEEDED are answers of a server that has too much to
do, which more of the same would not help.

Waits grow, and are spread by chance, so that clients that failed together do not come back together. A server that says
when to come back is obeyed: its time is the least that is waited.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from salver.client.deadline import Deadline
from salver.errors import InvalidArgumentError, SalverError, UnavailableError


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and after which waits."""

    max_attempts: int = 8
    """The first one included; 1 for none after it. By default some ten seconds pass before the last."""
    initial_wait_s: float = 0.1
    max_wait_s: float = 5.0
    factor: float = 2.0
    """From wait to wait."""

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise InvalidArgumentError(f"max_attempts: expected at least 1, got {self.max_attempts}")
        if not (0 <= self.initial_wait_s <= self.max_wait_s < math.inf and self.factor >= 1):
            raise InvalidArgumentError(
                f"expected 0 <= initial_wait_s <= max_wait_s and factor >= 1, got {self.initial_wait_s}, "
                f"{self.max_wait_s}, {self.factor}"
            )

    def wait_s(self, num_failed: int, chance: float) -> float:
        """The wait after so many failed attempts, between half of its time and all of it."""
        steps = min(num_failed - 1, 64)  # beyond any sensible limit, and within what a float holds
        whole = min(self.max_wait_s, self.initial_wait_s * self.factor**steps)
        return whole * (0.5 + chance / 2)


class Attempts:
    """The attempts of one call."""

    def __init__(
        self,
        policy: RetryPolicy,
        deadline: Deadline,
        *,
        is_repeatable: bool,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._policy = policy
        self._deadline = deadline
        self._is_repeatable = is_repeatable
        self._chance = chance
        self._num_failed = 0

    def wait_s(self, error: SalverError) -> float | None:
        """What to wait before the next attempt, now that one failed with `error`; None where that was the last."""
        self._num_failed += 1
        if not (self._is_repeatable and isinstance(error, UnavailableError)):
            return None
        if self._num_failed >= self._policy.max_attempts:
            return None
        wait = self._policy.wait_s(self._num_failed, self._chance())
        if error.retry_after_s is not None:
            wait = max(wait, error.retry_after_s * (1 + self._chance() / 10))
        return wait if self._deadline.allows(wait) else None
