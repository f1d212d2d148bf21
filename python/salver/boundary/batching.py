"""How requests are joined into batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class LengthBuckets:
    """Requests whose length falls between the same two limits share a batch, others do not."""

    limits: tuple[int, ...]
    """Largest length of each bucket, ascending; longer ones share one more bucket."""
    signature: str = ""
    """The signature that it holds for; empty is every one."""
    input: str = ""
    """The input that is measured; empty takes the longest of all inputs that have this dimension."""
    dimension: int = 1
    """The dimension that is measured; 1 is the first after the rows."""


@dataclass(frozen=True, kw_only=True)
class LowPriority:
    """Static batching: limits of the queue for sheddable requests."""

    max_batch_size: int
    """Rows of a batch of such requests alone."""
    batch_timeout_s: float = 0.0
    """Longest wait of the first request of such a batch."""
    max_enqueued_batches: int = 10
    """Batches that may wait for a runner."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that such a batch is filled up to, ascending."""
    mixed_priority_batching_policy: Literal[
        "low_priority_padding_with_max_batch_size",
        "low_priority_padding_with_next_allowed_batch_size",
        "priority_isolation",
        "priority_merge",
    ] = "low_priority_padding_with_max_batch_size"
    """How they share batches with others."""


@dataclass(frozen=True, kw_only=True)
class BatchingPolicy:
    """How the requests to one version are joined into batches.

    Adaptive: a batch is made when a runner is free, of a size that was learnt to pay, earliest deadline first. Static:
    the rules of TensorFlow Serving, by the numbers given here.
    """

    is_adaptive: bool = True
    """Whether sizes are learnt; False takes the rules of TensorFlow Serving."""
    max_batch_size: int = 1000
    """Rows of the largest batch; 1 keeps requests apart. Static: of the largest request, too."""
    enable_large_batch_splitting: bool = False
    """Static: whether a request may be run in several batches."""
    max_execution_batch_size: int | None = None
    """Static, with splitting: rows of the largest batch; None takes `max_batch_size`."""
    batch_timeout_s: float = 0.0
    """Static: longest wait of a request for company; 0 takes what is there as soon as a runner is free."""
    max_enqueued_batches: int = 10
    """Static: batches that may wait for a runner, for each signature."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that batches are filled up to, ascending; empty leaves them as they are."""
    batch_padding_policy: Literal["PAD_UP", "BATCH_DOWN", "MINIMIZE_TPU_COST_PER_REQUEST"] = "PAD_UP"
    """Static: what is done with a batch that has none of these sizes."""
    pad_variable_length_inputs: bool = False
    """Whether inputs are filled up to the largest of the batch in all dimensions after the first."""
    length_buckets: tuple[LengthBuckets, ...] = ()
    """Which lengths may share a batch."""
    latency_slo_s: float | None = None
    """Adaptive: what 99 of 100 requests should take at most, waiting included."""
    weight: float = 1.0
    """Share of the runners' time, relative to other models; above 0."""
    max_in_flight_batches: int | None = None
    """Batches of this version that may run at the same time; None leaves it to the scheduler."""
    max_queued_rows: int = 100_000
    """Rows that may wait; beyond it a request is refused with RESOURCE_EXHAUSTED."""
    max_queued_bytes: int = 1 << 30
    """Bytes of inputs that may wait; beyond it a request is refused with RESOURCE_EXHAUSTED."""
    low_priority: LowPriority | None = None
    """Static: a queue of its own for sheddable requests."""


UNBATCHED = BatchingPolicy(max_batch_size=1)
"""Requests run one by one."""
