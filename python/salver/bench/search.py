"""Finding the knee of a server: the loads behind `salver.bench.knee`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from salver.bench.bodies import Bodies
from salver.bench.knee import By, Knee, Step, bound_of, knee_by_concurrency, knee_by_rate
from salver.bench.load_shape import LoadShape
from salver.bench.measurement import Measurer
from salver.bench.result import BUSY_LIMIT, LATE_S, Result
from salver.bench.target import Target
from salver.errors import UnavailableError

_FIRST_SHARE = 0.5
"""Of the rate of one request after the other, where the search by rate begins."""
_LEAST_TIMEOUT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class FoundKnee:
    """A knee with what it was measured against."""

    unloaded: Result
    """One request after the other."""
    is_bound_given: bool
    knee: Knee


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a knee is looked for."""

    by: By
    shape: LoadShape
    """The load of a step, but for its rate or concurrency."""
    target_p99_s: float | None = None
    """What a p99 may be; None derives it from the unloaded one."""
    on_step: Callable[[Step], None] = lambda _: None

    def run(self, measurer: Measurer, target: Target, bodies: Bodies) -> FoundKnee:
        """Measure without load, then step by step.

        Raises:
            UnavailableError: The server went away, or gave no answer at all.
        """
        alone = replace(self.shape, concurrency=1, connections=None, rate=None)
        unloaded = self._measured(measurer, target, bodies, alone)
        if not unloaded.num_answered:
            raise UnavailableError(f"{target.address} gave no answer to one request at a time")
        bound = bound_of(unloaded.latency.p99) if self.target_p99_s is None else self.target_p99_s
        # A step beyond the knee leaves a queue behind: nobody waits for it longer than it takes to see it.
        stepped = replace(target, timeout_s=max(_LEAST_TIMEOUT_S, 10 * bound))

        def step(load: float) -> Step:
            return self._step(measurer, stepped, bodies, load)

        if self.by == "rate":
            knee = knee_by_rate(step, _FIRST_SHARE * unloaded.requests_per_s, bound)
        else:
            knee = knee_by_concurrency(step, bound)
        return FoundKnee(unloaded=unloaded, is_bound_given=self.target_p99_s is not None, knee=knee)

    def _step(self, measurer: Measurer, target: Target, bodies: Bodies, load: float) -> Step:
        if self.by == "rate":
            shape = replace(self.shape, rate=load)
        else:
            shape = replace(self.shape, rate=None, concurrency=int(load), connections=None)
        result = self._measured(measurer, target, bodies, shape)
        is_busy = (result.generator_busy or 0.0) > BUSY_LIMIT or result.lag_p99_s > LATE_S
        step = Step(
            load=load,
            offered=result.due_per_s,
            goodput=result.requests_per_s,
            p99_s=result.latency.p99,
            measured_s=result.measured_s,
            failed_share=result.failed_share,
            is_generator_busy=is_busy,
        )
        self.on_step(step)
        return step

    def _measured(self, measurer: Measurer, target: Target, bodies: Bodies, shape: LoadShape) -> Result:
        result = measurer.measure(shape.options(target, bodies.data), bodies.rows)
        if result.failure is not None:
            raise UnavailableError(f"the server went away: {result.failure}")
        return result
