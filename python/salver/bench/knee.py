"""The knee: the highest load that a server takes without making requests wait.

Pure: what is measured comes from a function. Two ways up:

* by rate, an open loop. The rate doubles until a step is at fault: too slow, too many failures, or less coming out than
  goes in. Between the last good rate and that one it is narrowed down.
* by concurrency, a closed loop. A closed loop slows down with the server, so no step fails by coming out short: what
  counts is where more requests in flight give no more answers.

A step at fault is measured once more, since one disturbance on a shared machine would else end the search.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

By = Literal["rate", "concurrency"]

NUM_TIMES_UNLOADED = 5.0
"""A p99 of so many times that without load is where requests have begun to wait."""
LEAST_BOUND_S = 0.010
"""Below this a p99 says more of the machine than of the server."""
_LEAST_SHARE_OUT = 0.97
_AT_THE_EDGES = 2
"""Requests that may come before the measured time and end in it, or the other way round: many where there are few."""
_MOST_FAILED = 0.01
_PRECISION = 1.03
_MAX_STEPS = 40
_LEAST_GROWTH = 1.05
_NUM_FLAT = 3
"""Doublings without growth that are taken for its end."""
_MAX_IN_FLIGHT = 4096


@dataclass(frozen=True, kw_only=True)
class Step:
    """One load and what came of it."""

    load: float
    """Requests a second, or requests in flight."""
    offered: float
    """Requests a second that really came, which random arrivals make more or fewer."""
    goodput: float
    """Answers in a second."""
    p99_s: float
    measured_s: float = 1.0
    failed_share: float = 0.0
    fault: str | None = None
    """What is wrong with it, in words; None where nothing is."""
    is_generator_busy: bool = False
    """Whether the load generator itself may have been the limit."""


@dataclass(frozen=True, kw_only=True)
class Knee:
    """Where it is, and why there."""

    by: By
    best: Step | None
    """The knee; None where every load was at fault."""
    steps: tuple[Step, ...]
    """All that were measured, in order."""
    capacity: float
    """The most answers in a second at any load."""
    max_p99_s: float
    reason: str
    """In a sentence without its full stop."""


Measure = Callable[[float], Step]


def bound_of(unloaded_p99_s: float) -> float:
    """Return the p99 that is taken for the limit, from that of one request at a time."""
    return max(NUM_TIMES_UNLOADED * unloaded_p99_s, LEAST_BOUND_S)


class _Climb:
    """Measures steps and keeps them."""

    def __init__(self, by: By, measure: Measure, max_p99_s: float) -> None:
        self._by: By = by
        self._measure = measure
        self.max_p99_s = max_p99_s
        self.steps: list[Step] = []

    @property
    def is_long(self) -> bool:
        return len(self.steps) >= _MAX_STEPS

    def take(self, load: float) -> Step:
        """Measure a load, twice where it is at fault; the better counts."""
        step = self._judged(load)
        if step.fault is not None and not self.is_long:
            again = self._judged(load)
            step = again if again.fault is None or again.goodput > step.goodput else step
        return step

    def _judged(self, load: float) -> Step:
        step = self._measure(load)
        step = replace(step, fault=self._fault(step))
        self.steps.append(step)
        return step

    def _fault(self, step: Step) -> str | None:
        if step.failed_share > _MOST_FAILED:
            return f"{step.failed_share:.0%} of the requests fail"
        if self._by == "rate" and step.goodput < _LEAST_SHARE_OUT * step.offered - _AT_THE_EDGES / step.measured_s:
            return f"only {_number(step.goodput)}/s come out"
        if step.p99_s > self.max_p99_s:
            return f"the p99 is {_time(step.p99_s)}"
        return None

    def knee(self, best: Step | None, why: str) -> Knee:
        capacity = max((step.goodput for step in self.steps), default=0.0)
        steps = tuple(self.steps)
        return Knee(by=self._by, best=best, steps=steps, capacity=capacity, max_p99_s=self.max_p99_s, reason=why)


def knee_by_rate(measure: Measure, first: float, max_p99_s: float, highest: float = math.inf) -> Knee:
    """Return the highest rate that is not at fault, within three percent.

    Args:
        measure: Puts so many requests a second on the server.
        first: The rate to begin with, low enough to be good.
        max_p99_s: What 99 of 100 requests may take at most.
        highest: The search does not go beyond.
    """
    climb = _Climb("rate", measure, max_p99_s)
    good, bad = _bracket(climb, first, highest)
    if good is None:
        return climb.knee(None, f"even at {_number(climb.steps[-1].load)}/s {climb.steps[-1].fault}")
    if bad is None:
        return climb.knee(good, f"{_number(good.load)}/s, the highest rate that was tried, is still good")
    while bad.load / good.load > _PRECISION and not climb.is_long:
        step = climb.take(math.sqrt(good.load * bad.load))
        good, bad = (good, step) if step.fault else (step, bad)
    least = f"{_number(good.load)}/s is the highest rate whose p99 stays within {_time(max_p99_s)}"
    return climb.knee(good, f"{least} with all of it coming out; at {_number(bad.load)}/s {bad.fault}{_doubt(bad)}")


def _bracket(climb: _Climb, first: float, highest: float) -> tuple[Step | None, Step | None]:
    """A good step and the bad one above it, as far as there are such."""
    step = climb.take(min(first, highest))
    return _below(climb, step) if step.fault else _above(climb, step, highest)


def _above(climb: _Climb, good: Step, highest: float) -> tuple[Step, Step | None]:
    while good.load < highest and not climb.is_long:
        step = climb.take(min(2 * good.load, highest))
        if step.fault:
            return good, step
        good = step
    return good, None


def _below(climb: _Climb, bad: Step) -> tuple[Step | None, Step]:
    while bad.load > 1 and not climb.is_long:
        step = climb.take(bad.load / 2)
        if not step.fault:
            return step, bad
        bad = step
    return None, bad


def knee_by_concurrency(measure: Measure, max_p99_s: float, highest: int = _MAX_IN_FLIGHT) -> Knee:
    """Return the fewest requests in flight that give nearly all the answers there are, within the bound.

    Args:
        measure: Keeps so many requests in flight.
        max_p99_s: What 99 of 100 requests may take at most.
        highest: The search does not go beyond.
    """
    climb = _Climb("concurrency", measure, max_p99_s)
    good: list[Step] = []
    stop = f"{highest:,} in flight, the most that were tried, are still good"
    load = 1
    num_flat = 0
    while load <= highest:
        step = climb.take(load)
        if step.fault is not None:
            stop = f"at {load:,} in flight {step.fault}{_doubt(step)}"
            break
        grows = not good or step.goodput > _LEAST_GROWTH * max(earlier.goodput for earlier in good)
        good.append(step)
        num_flat = 0 if grows else num_flat + 1
        if num_flat == _NUM_FLAT:
            stop = f"from {good[-_NUM_FLAT].load:,.0f} in flight on the rate no longer grows{_doubt(step)}"
            break
        load *= 2
    if not good:
        return climb.knee(None, stop)
    most = max(step.goodput for step in good)
    best = next(step for step in good if step.goodput >= most / _LEAST_GROWTH)
    text = f"{best.load:,.0f} in flight are the fewest that give nearly all of {_number(most)}/s"
    return climb.knee(best, f"{text} with a p99 within {_time(max_p99_s)}; {stop}")


def _doubt(step: Step) -> str:
    return "; the load generator itself was at its limit there" if step.is_generator_busy else ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1e3:.3g} ms"
