"""What a file of batching parameters says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from salver.boundary import BatchingPolicy


@dataclass(frozen=True, kw_only=True)
class BatchingParameters:
    """How requests are joined, where batching is on."""

    policy: BatchingPolicy = field(default_factory=BatchingPolicy)
    """What holds for every model that is not named below."""
    model_policies: Mapping[str, BatchingPolicy] = field(default_factory=dict, hash=False)
    """What holds for single models instead, by name."""
    num_batch_threads: int | None = None
    """Batches that may run at the same time; None lets the server choose."""
    warnings: tuple[str, ...] = field(default=(), compare=False)
    """What was said in vain, one line each."""

    def policy_of(self, model: str) -> BatchingPolicy:
        """Return what holds for this model."""
        return self.model_policies.get(model, self.policy)
