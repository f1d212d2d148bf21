"""Requests that come when they come, and what of their answers was of use."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benches.loads import quantile


def poisson_arrivals(rate: float, seconds: float, seed: int = 0) -> list[float]:
    """Seconds from the start at which requests are due: independent of each other, `rate` a second on average."""
    source = random.Random(seed)
    out: list[float] = []
    at = source.expovariate(rate)
    while at < seconds:
        out.append(at)
        at += source.expovariate(rate)
    return out


@dataclass
class Fate:
    """What became of one request."""

    due_s: float
    took_s: float | None = None
    """From when it was due, not from when it was sent; None when nothing came back."""
    is_answered: bool = False
    """Whether what came back was an answer rather than an error."""


@dataclass(frozen=True)
class Tally:
    """What became of an open-loop load."""

    offered_per_s: float
    goodput_per_s: float
    """Answers within the deadline."""
    p50_s: float
    """Of these answers, as the next."""
    p99_s: float
    late_per_s: float
    """Answers after it."""
    refused_per_s: float
    """Errors within the deadline, soon enough to ask another server."""
    refused_p50_s: float
    expired_per_s: float
    """Errors after it, and requests that nothing came back for."""


def tally(fates: Sequence[Fate], deadline_s: float, *, since_s: float, until_s: float) -> Tally:
    """Count the requests that were due from `since_s` on: those before it met a queue that was still empty."""
    counted = [fate for fate in fates if since_s <= fate.due_s < until_s]
    good: list[float] = []
    refused: list[float] = []
    late = 0
    for fate in counted:
        if fate.took_s is not None and fate.took_s <= deadline_s:
            (good if fate.is_answered else refused).append(fate.took_s)
        else:
            late += fate.is_answered
    seconds = until_s - since_s
    good.sort()
    refused.sort()
    return Tally(
        offered_per_s=len(counted) / seconds,
        goodput_per_s=len(good) / seconds,
        p50_s=quantile(good, 0.5) if good else 0.0,
        p99_s=quantile(good, 0.99) if good else 0.0,
        late_per_s=late / seconds,
        refused_per_s=len(refused) / seconds,
        refused_p50_s=quantile(refused, 0.5) if refused else 0.0,
        expired_per_s=(len(counted) - len(good) - len(refused) - late) / seconds,
    )
