"""Requests that are told of one by one: in the access log, and in traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """The spans of one traced request, each as the text of a `traceparent` header."""

    parent: str | None
    """The span of the caller, where it sent one."""
    root: str
    """The span of the whole request."""
    run: str
    """The span of its run: the parent of whatever its servable traces."""
    state: str
    """The caller's `tracestate`; empty where there is none."""


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """One phase of a request."""

    name: str
    """`decode`, `queue`, `batch`, `run` or `encode`."""
    begin_ns: int
    """Nanoseconds from the beginning of the request to that of the phase."""
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An inference that ended, however it ended."""

    is_logged: bool
    """Whether it belongs into the access log."""
    request_id: str
    """The client's name for it, or one that was made for it."""
    trace: RequestTrace | None
    """None where it is not traced."""
    model: str
    """As sent; empty where no name could be read."""
    version: int | None
    """None where it reached no version."""
    signature: str
    """Empty where it is not known, and for calls by none."""
    api: str
    """What was asked, by the name of the gRPC method: `Predict`, `Classify`, ..."""
    protocol: str
    """`grpc` or `rest`."""
    code: int
    """Number of the canonical code by which it ended."""
    started_ns: int
    """Nanoseconds since the epoch."""
    duration_ns: int
    phases: Sequence[PhaseTime]
    """Those that it reached, in their order."""
    num_rows: int
    num_batch_requests: int
    """Requests, or parts of requests, in the batch that it was in; 0 where it was in none."""
    num_batch_rows: int
    """Rows of that batch, padding included."""
    num_request_bytes: int
    num_response_bytes: int


@dataclass(frozen=True, slots=True)
class JournalEntries:
    """What one pull gives."""

    entries: Sequence[JournalEntry] = ()
    """In the order in which they ended."""
    num_dropped: int = 0
    """How many found no room since the last pull."""
