"""Which batching to advise: the adaptive mode, unless a fixed setting is plainly better under the simulated loads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from salver.boundary import BatchingPolicy
from salver.profile import Profile
from salver.tune.goal import Goal, Load, loads_of
from salver.tune.trials import Trial, Trials

TOLERANCE = 0.10
"""A fixed setting has to be better by more: it fits one load, and the adaptive mode fits itself to any."""
_TIMEOUTS = (0.0, 0.25, 1.0)
"""Waits of the static settings that are tried, in runs of a full batch."""
_ENQUEUED_RUNS = 100
"""Batches that may wait in them: no more than a burst."""
_HIGH_LOAD = 0.8
"""Of the capacity: where static settings are sorted out."""
_FINALISTS = 4
"""Static settings whose highest rate is searched for."""


@dataclass(frozen=True)
class Comparison:
    """The two modes under one load."""

    load: Load
    adaptive: Trial
    static: Trial
    """Of the settings tried the best one under this load."""


@dataclass(frozen=True)
class Sustainable:
    """A setting and the highest rate at which it meets the target."""

    policy: BatchingPolicy
    requests_per_s: float


@dataclass(frozen=True, kw_only=True)
class Advice:
    """What was found."""

    capacity: float
    """Rows in a second that batches of the best size give."""
    comparisons: tuple[Comparison, ...]
    sustainable: tuple[Sustainable, ...]
    """Where there is a target: how far the adaptive mode holds it, and the best of the static settings."""
    policy: BatchingPolicy
    """What is advised."""
    reason: str
    """Why, in one sentence."""


def advise(profile: Profile, trials: Trials, goal: Goal) -> Advice:
    """Compare the modes for what is wanted, and choose."""
    adaptive = BatchingPolicy(max_batch_size=profile.points[-1].rows, latency_slo_s=goal.target_p99_s)
    fixed = list(static_settings(profile, trials))
    rounds = [_try_all(adaptive, fixed, load, trials, goal) for load in loads_of(goal, trials.capacity)]
    comparisons = tuple(one.comparison for one in rounds)
    if goal.target_p99_s is None:
        policy, reason = _by_loads(rounds)
        found: list[Sustainable] = []
    else:
        found = _search(adaptive, _finalists(fixed, rounds, trials, goal), trials, goal.target_p99_s)
        policy, reason = _by_rates(found[0], found[1], goal.target_p99_s)
    return Advice(
        capacity=trials.capacity,
        comparisons=comparisons,
        sustainable=tuple(found),
        policy=_with_sizes_of(profile.policy, policy),
        reason=reason,
    )


def _with_sizes_of(present: BatchingPolicy, chosen: BatchingPolicy) -> BatchingPolicy:
    """Keep the allowed sizes in force: a model may be compiled for them, and the last has to be the largest batch."""
    largest = chosen.max_batch_size
    smaller = (size for size in present.allowed_batch_sizes if size < largest)
    return replace(chosen, allowed_batch_sizes=(*smaller, largest)) if present.allowed_batch_sizes else chosen


def static_settings(profile: Profile, trials: Trials) -> Iterator[BatchingPolicy]:
    """Give the settings that are tried: each size that was measured, with no wait, a short and a long one."""
    for point in profile.points:
        for timeout in _TIMEOUTS if point.rows > 1 else (0.0,):
            yield BatchingPolicy(
                is_adaptive=False,
                max_batch_size=point.rows,
                batch_timeout_s=round(timeout * trials.run_time_s(point.rows), 6),
                max_enqueued_batches=_ENQUEUED_RUNS,
            )


# --- Under given loads


@dataclass(frozen=True)
class _Round:
    """All settings under one load."""

    adaptive: Trial
    static: tuple[Trial, ...]
    best: Trial
    """Of the static ones."""

    @property
    def comparison(self) -> Comparison:
        return Comparison(self.best.load, self.adaptive, self.best)


def _try_all(
    adaptive: BatchingPolicy, fixed: Sequence[BatchingPolicy], load: Load, trials: Trials, goal: Goal
) -> _Round:
    static = tuple(trials.run(policy, load) for policy in fixed)
    return _Round(trials.run(adaptive, load), static, max(static, key=lambda trial: _score(trial, goal)))


def _score(trial: Trial, goal: Goal) -> tuple[bool, bool, float]:
    """Better is more: all answered, within the target, then the rows of waiting clients or else short latencies."""
    within = goal.target_p99_s is None or trial.report.p99_s <= goal.target_p99_s
    figure = trial.report.rows_per_s if trial.load.num_clients else -trial.report.p99_s
    return trial.keeps_up, within, figure


def _loss(trial: Trial, best: Trial) -> float:
    """By which part a setting is worse than the best static one under the same load; below 0 where it is better."""
    if trial.keeps_up != best.keeps_up:
        return 1.0 if best.keeps_up else -1.0
    if trial.load.num_clients or not best.keeps_up:
        return 1 - trial.report.rows_per_s / max(best.report.rows_per_s, 1e-9)
    return trial.report.p99_s / max(best.report.p99_s, 1e-9) - 1


def _by_loads(rounds: Sequence[_Round]) -> tuple[BatchingPolicy, str]:
    """Choose by the load under which a setting does worst."""
    adaptive_loss, worst = max(((_loss(one.adaptive, one.best), one) for one in rounds), key=lambda item: item[0])
    if adaptive_loss <= TOLERANCE:
        return worst.adaptive.policy, f"{_within(adaptive_loss)}: leave it"
    losses = [max(_loss(one.static[index], one.best) for one in rounds) for index in range(len(worst.static))]
    index = losses.index(min(losses))
    if adaptive_loss <= losses[index] + TOLERANCE:
        return worst.adaptive.policy, "no static setting is as good as adaptive under all of these loads: leave it"
    chosen = worst.static[index]
    reason = f"at {chosen.load} {_figure(chosen)} with this static setting; with adaptive {_figure(worst.adaptive)}"
    return chosen.policy, reason


def _figure(trial: Trial) -> str:
    if trial.load.num_clients or not trial.keeps_up:
        return f"{trial.report.rows_per_s:,.0f} rows/s come out"
    return f"the p99 is {trial.report.p99_s * 1e3:.3g} ms"


def _within(loss: float) -> str:
    if loss <= 0:
        return "adaptive is as good as the best static setting"
    return f"adaptive is within {max(loss, 0.01):.0%} of the best static setting"


# --- For a target


def _finalists(
    fixed: Sequence[BatchingPolicy], rounds: Sequence[_Round], trials: Trials, goal: Goal
) -> list[BatchingPolicy]:
    """The settings that look best at a high load, and those that were best at the loads compared."""
    high = Load(_HIGH_LOAD * trials.capacity)
    ranked = sorted(fixed, key=lambda policy: _score(trials.run(policy, high), goal), reverse=True)
    return list(dict.fromkeys([*(one.best.policy for one in rounds), *ranked[:_FINALISTS]]))


def _search(
    adaptive: BatchingPolicy, finalists: Sequence[BatchingPolicy], trials: Trials, target_s: float
) -> list[Sustainable]:
    """The adaptive mode and the best of the static settings, each with the rate at which it holds the target."""
    first, *others = (
        Sustainable(policy, trials.sustainable_rate(policy, target_s)) for policy in (adaptive, *finalists)
    )
    return [first, max(others, key=lambda item: item.requests_per_s)]


def _by_rates(adaptive: Sustainable, static: Sustainable, target_s: float) -> tuple[BatchingPolicy, str]:
    target = f"a p99 of {target_s * 1e3:g} ms"
    if max(adaptive.requests_per_s, static.requests_per_s) <= 0:
        return adaptive.policy, f"no setting holds {target}: a request that runs alone takes about as long, or longer"
    loss = 1 - adaptive.requests_per_s / static.requests_per_s if static.requests_per_s > 0 else -1.0
    if loss <= TOLERANCE:
        return adaptive.policy, f"{_within(loss)} in the rate that holds {target}: leave it, with the target"
    rates = f"{static.requests_per_s:,.0f} requests/s, adaptive up to {adaptive.requests_per_s:,.0f}"
    return static.policy, f"this static setting holds {target} up to {rates}"
