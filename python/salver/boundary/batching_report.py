"""What came of batching, and what would come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from salver.boundary.batching import BatchingPolicy


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Times that half, nine in ten and 99 in 100 of the latest samples were within."""

    p50_s: float
    p90_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class BatchSizeCount:
    """One bucket of a histogram of batch sizes."""

    max_rows: int
    """Batches of so many rows at most, and of more than the bucket before; rows that only fill up are not counted."""
    num_batches: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a run of so many rows was seen to take."""

    rows: int
    """Rows of the batch as it ran, those that fill it up included."""
    p50_s: float
    p90_s: float
    samples: int
    """Runs that this was learnt from."""


@dataclass(frozen=True, kw_only=True)
class BatchingReport:
    """What has come of batching for one signature of one version, since the version is there."""

    model: str
    version: int
    signature: str
    policy: BatchingPolicy
    """The settings in force."""
    departures: Mapping[str, int] = field(default_factory=dict)
    """Why batches left, as far as any did: `full`, `preferred_size` (a size that was learnt to pay), `idle_runner`,
    `timeout`, `deadline` (of a member), `shutdown`."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Why requests did not run, as far as any did not: `queue_full` (no room), `too_large`, `late` (would not have met
    their deadline), `expired` (it passed while they waited), `abandoned` (the caller had gone), `displaced` (by
    requests that matter more), `stopped`."""
    num_batches: int = 0
    """Batches that left."""
    num_requests: int = 0
    """Requests in them."""
    num_rows: int = 0
    """Rows of these requests."""
    num_padding_rows: int = 0
    """Rows that were run to fill batches up."""
    batch_sizes: tuple[BatchSizeCount, ...] = ()
    """How large the batches were, by ascending size; buckets without any may be left out."""
    wait: Quantiles | None = None
    """Time that requests waited for their batch to leave; None before the first."""
    run: Quantiles | None = None
    """Time that batches ran; None before the first."""
    num_in_flight: int = 0
    """Batches that run now."""
    num_queued_rows: int = 0
    """Rows that wait now."""
    curve: tuple[CurvePoint, ...] = ()
    """What was learnt of the time of a run, by ascending rows."""
    rows_per_s: float = 0.0
    """Rows that left per second, lately."""

    @property
    def mode(self) -> Literal["off", "adaptive", "static"]:
        """By which rules requests are joined; `off` runs them one by one."""
        if self.policy.max_batch_size <= 1:
            return "off"
        return "adaptive" if self.policy.is_adaptive else "static"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A load that is made up, and what runs it: the real scheduler, by a clock that is made up as well."""

    policy: BatchingPolicy
    curve: tuple[tuple[int, float], ...]
    """Rows and the seconds that a batch of so many runs, ascending by rows; linear in between."""
    jitter: float = 0.0
    """How much single runs differ: 0.1 spreads them evenly over 90 to 110 %."""
    num_runners: int = 1
    """Batches that can run at the same time."""
    sharing: float = 0.0
    """How much they slow each other: 0 not at all, 1 as if they took turns."""
    requests_per_s: float = 1.0
    """Mean rate of requests that come at random times, whatever becomes of those before."""
    num_clients: int | None = None
    """In place of that rate: clients of which each sends its next request when it has its answer."""
    rows_per_request: int = 1
    deadline_s: float | None = None
    """How long a request waits for its answer; None is for ever."""
    warmup_s: float = 1.0
    """Time before anything counts."""
    duration_s: float = 5.0
    """Time that counts."""
    seed: int = 0
    """Equal seeds give equal reports."""


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What came of a simulated load in the time that counts."""

    rows_per_s: float
    """Rows answered."""
    num_requests: int
    """Requests that came."""
    num_answered: int
    num_refused: int
    p50_s: float
    """From coming to answer, of what was answered."""
    p99_s: float
    mean_batch_rows: float
    departures: Mapping[str, int] = field(default_factory=dict)
    """Why batches left."""
