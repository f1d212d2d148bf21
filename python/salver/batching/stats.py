"""What has come of the calls of a batcher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from salver.batching.queue import BatchQueue
from salver.boundary import Quantiles


@dataclass(frozen=True, kw_only=True)
class BatcherStats:
    """What has come of the calls of a batcher since it was made."""

    departures: Mapping[str, int]
    """Why batches left, as far as any did: `idle_runner` (a thread was free), `full`, `preferred_size` (a size that was
    learnt to pay), `timeout`, `deadline` (of a member), `shutdown`."""
    refusals: Mapping[str, int]
    """Why calls did not run, as far as any did not: `abandoned` (cancelled), `expired`, `late` (would have missed the
    deadline), `too_large`, `queue_full`, `displaced` (by calls that matter more), `stopped`."""
    num_calls: int
    """Calls that left in a batch."""
    num_rows: int
    """Their sizes, all together."""
    num_padding_rows: int
    """Rows that batches were filled up with."""
    batch_sizes: Mapping[int, int]
    """Batches by their rows: those of at most so many, and of more than the key before."""
    wait: Quantiles | None
    """Time that calls waited for their batch to leave; None before the first."""
    run: Quantiles | None
    """Time that runs took; None before the first."""
    num_queued_rows: int
    """Rows that wait now."""

    @property
    def num_batches(self) -> int:
        """Batches that left."""
        return sum(self.departures.values())


def read_stats(queue: BatchQueue) -> BatcherStats:
    """Return what the queue has counted."""
    departures, refusals, (num_calls, num_rows, num_padding_rows) = queue.counts()
    (size_limits, sizes, _), waits, runs = queue.histograms()
    limits = [*(int(limit) - 1 for limit in size_limits[1:]), num_rows]
    # No batch has less than the first limit, one row, unless all its items are empty.
    counts = [sum(sizes[:2]), *sizes[2:]]
    return BatcherStats(
        departures={name: count for name, count in departures if count},
        refusals={name: count for name, count in refusals if count},
        num_calls=num_calls,
        num_rows=num_rows,
        num_padding_rows=num_padding_rows,
        batch_sizes={limit: count for limit, count in zip(limits, counts, strict=True) if count},
        wait=_quantiles(waits[0], waits[1]),
        run=_quantiles(runs[0], runs[1]),
        num_queued_rows=queue.num_queued_rows,
    )


def _quantiles(limits: Sequence[float], counts: Sequence[int]) -> Quantiles | None:
    if not sum(counts):
        return None
    return Quantiles(*(_quantile(limits, counts, share) / 1e6 for share in (0.5, 0.9, 0.99)))


def _quantile(limits: Sequence[float], counts: Sequence[int], share: float) -> float:
    """The value that `share` of the samples are below, as if those of a bucket were spread evenly over it."""
    wanted = share * sum(counts)
    bounds = pairwise([0.0, *limits, 2 * limits[-1]])
    for (low, high), (before, up_to) in zip(bounds, pairwise(accumulate(counts, initial=0)), strict=True):
        if up_to >= wanted and up_to > before:
            return low + (high - low) * (wanted - before) / (up_to - before)
    return limits[-1]
