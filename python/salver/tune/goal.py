"""What is wanted of a model, and the loads under which settings are compared."""

from __future__ import annotations

from dataclasses import dataclass

from salver.boundary import SimulationReport

USUAL_SHARES = (0.3, 0.7, 0.95)
"""Of the capacity: the loads that are looked at where none is given."""
_KEEPS_UP = 0.97
"""Part of what comes that has to be answered, in a time that is no multiple of the mean gap."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What the operator asks for."""

    requests_per_s: float | None = None
    """The load to be taken; None for `num_clients` or the usual shares of the capacity."""
    num_clients: int | None = None
    """In its place: clients that wait for each answer."""
    target_p99_s: float | None = None
    """What 99 of 100 requests should take at most."""


@dataclass(frozen=True)
class Load:
    """One load: a rate of requests, or a number of clients."""

    requests_per_s: float | None = None
    num_clients: int | None = None

    def __str__(self) -> str:
        return f"{self.num_clients:,} clients" if self.num_clients else f"{self.requests_per_s or 0:,.0f}/s"

    def is_met(self, report: SimulationReport) -> bool:
        """Whether all that came was answered, as fast as it came."""
        return not report.num_refused and report.num_answered >= _KEEPS_UP * report.num_requests


def loads_of(goal: Goal, capacity: float) -> tuple[Load, ...]:
    """Return the loads to be looked at; `capacity` is in requests per second."""
    if goal.num_clients is not None:
        return (Load(num_clients=goal.num_clients),)
    if goal.requests_per_s is not None:
        return (Load(goal.requests_per_s),)
    return tuple(Load(share * capacity) for share in USUAL_SHARES)
