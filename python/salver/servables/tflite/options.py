"""What an operator may choose about TFLite models."""

from __future__ import annotations

from dataclasses import dataclass

MAX_JOINED_ROWS = 500
"""Rows of a batch, where requests are joined."""


@dataclass(frozen=True, kw_only=True)
class TfLiteOptions:
    """How TFLite models are chosen and run."""

    prefer_tflite: bool = False
    """Whether the platform `tensorflow` serves `model.tflite` of a version directory that has one."""
    num_pools: int = 1
    """Requests that may run in one version at the same time; >= 1."""
    num_interpreters_per_pool: int = 1
    """More than 1 multiplies `num_pools`, and joins requests along the first dimension; >= 1."""

    @property
    def max_interpreters(self) -> int:
        """Interpreters that one version may have."""
        return self.num_pools * self.num_interpreters_per_pool

    @property
    def max_batch_rows(self) -> int | None:
        """Rows that may be joined into one batch; None leaves it to the server."""
        return MAX_JOINED_ROWS if self.num_interpreters_per_pool > 1 else None
