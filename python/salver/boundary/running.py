"""Requests that are under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRequest:
    """A request that is queued, batched, runs, or waits to be answered."""

    model: str
    version: int
    signature: str
    """Empty for calls by none."""
    protocol: str
    """`grpc` or `rest`."""
    phase: str
    """`queue`, `batch`, `run` or `encode`."""
    age_s: float
    """Time since it was queued."""
    num_batch_requests: int
    """Requests, or parts of requests, in the batch that it is in; 0 while it is queued."""
    num_batch_rows: int
    """Rows of that batch, padding included."""
    trace_id: str | None
    """None where it is not traced."""


@dataclass(frozen=True, slots=True)
class RunningRequests:
    """Those of clients, at one moment."""

    total: int
    """How many there are."""
    oldest: Sequence[RunningRequest]
    """As many as were asked for, oldest first."""
