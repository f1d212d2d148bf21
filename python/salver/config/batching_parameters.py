"""How requests are joined into batches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BatchingParameters:
    """What a BatchingParameters message says; holds where batching is on."""

    max_batch_size: int = 1000
    """Rows of the largest batch; with splitting, of the largest request."""
    batch_timeout_s: float = 0.0
    """Longest wait of a request for company; 0 takes what is there as soon as a runner is free."""
    max_enqueued_batches: int = 10
    """Batches that may wait for a runner."""
    num_batch_threads: int | None = None
    """Batches that may run at the same time; None lets the server choose."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that batches are filled up to, ascending; empty leaves them as they are."""
    pad_variable_length_inputs: bool = False
    """Whether inputs are filled up to the largest of the batch in all other dimensions."""
    enable_large_batch_splitting: bool = False
    """Whether a request may be run in several batches."""
    max_execution_batch_size: int | None = None
    """With splitting, rows of the largest batch; None takes `max_batch_size`."""

    @property
    def max_rows(self) -> int:
        """Rows that may be joined into one batch."""
        if self.enable_large_batch_splitting and self.max_execution_batch_size is not None:
            return self.max_execution_batch_size
        return self.max_batch_size
