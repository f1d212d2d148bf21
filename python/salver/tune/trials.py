"""Trying settings out: each in a simulation of the server's own scheduler on the curve that was measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace

from salver.boundary import BatchingPolicy, Simulation, SimulationReport
from salver.profile import Profile
from salver.tune.goal import Load

Simulate = Callable[[Simulation], SimulationReport]

_REQUESTS = 6000
"""That count, in each trial: 60 of them are beyond its p99."""
_RUNS = 200
"""Largest batches that the time of a trial has room for."""
_LEAST_RUNS = 20
"""The same, however many requests come meanwhile."""
_LEAST_WARM_UP_S = 0.1
"""Time that the adaptive mode has at least to learn."""
_MOST_REQUESTS = 50_000
"""That count at most; the adaptive mode learns from ten times as many. Of a model that runs a thousand rows in a few
microseconds, millions would be simulated else."""
_SEARCH_STEPS = 7


@dataclass(frozen=True)
class Trial:
    """What came of one setting under one load."""

    policy: BatchingPolicy
    load: Load
    report: SimulationReport

    @property
    def keeps_up(self) -> bool:
        """Whether all that came was answered, as fast as it came."""
        return self.load.is_met(self.report)


class Trials:
    """Tries settings out on one model."""

    def __init__(self, profile: Profile, simulate: Simulate, capacity: Callable[[Simulation], float]) -> None:
        self._simulate = simulate
        curve = tuple((point.rows, point.p50_s) for point in profile.points)
        self._base = Simulation(
            policy=BatchingPolicy(max_batch_size=curve[-1][0]),
            curve=curve,
            jitter=_jitter(profile),
            num_runners=profile.num_runners,
            sharing=profile.sharing,
        )
        self.capacity = capacity(self._base)
        """Rows in a second that batches of the best size give."""
        self.longest_run_s = max(time_s for _, time_s in curve)

    def run_time_s(self, rows: int) -> float:
        """Return what a batch of a measured size takes."""
        return dict(self._base.curve)[rows]

    def run(self, policy: BatchingPolicy, load: Load) -> Trial:
        """Try one setting under one load."""
        rate = load.requests_per_s or self.capacity
        most_s = _MOST_REQUESTS / max(rate, 1e-6)
        duration_s = min(max(_REQUESTS / max(rate, 1e-6), _RUNS * self.longest_run_s), most_s)
        duration_s = max(duration_s, _LEAST_RUNS * self.longest_run_s)
        learning_s = min(_LEAST_WARM_UP_S, 10 * most_s) if policy.is_adaptive else 0.0
        plan = replace(
            self._base,
            policy=policy,
            requests_per_s=load.requests_per_s or 1.0,
            num_clients=load.num_clients,
            warmup_s=max(duration_s / 2, learning_s),
            duration_s=duration_s,
        )
        return Trial(policy, load, self._simulate(plan))

    def sustainable_rate(self, policy: BatchingPolicy, target_p99_s: float) -> float:
        """Return the highest rate of requests, by bisection, at which 99 of 100 are answered within the target."""
        low, high = 0.0, self.capacity
        for _ in range(_SEARCH_STEPS):
            middle = (low + high) / 2
            trial = self.run(policy, Load(middle))
            if trial.keeps_up and trial.report.p99_s <= target_p99_s:
                low = middle
            else:
                high = middle
        return low


def _jitter(profile: Profile) -> float:
    """The even spread around the middle that has the p90 that was measured."""
    spreads = [(point.p90_s / point.p50_s - 1) / 0.8 for point in profile.points if point.p50_s > 0]
    return min(max(statistics.median(spreads), 0.0), 0.9) if spreads else 0.0
