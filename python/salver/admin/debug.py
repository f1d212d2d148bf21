"""What the admin API says of a server that is looked into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestDocument:
    """A request that is under way."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestList:
    """The requests of clients at one moment."""

    total: int
    """How many are under way."""
    requests: tuple[RequestDocument, ...]
    """As many as were asked for, oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GilReport:
    """How busy the interpreter lock of Python was."""

    window_s: float
    """How long was measured."""
    num_samples: int
    """Moments at which the lock was asked for."""
    held_share: float
    """Share of the moments at which another thread had it: an estimate of the share of time that it is held."""
    wait_p50_s: float
    """How long it took to get it."""
    wait_p90_s: float
    wait_p99_s: float
    wait_max_s: float
