"""What came of replaying recorded requests on a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from salver.admin.limits import MAX_WAIT_S, Limits

MAX_CONCURRENCY = 64
REQUEST_S = Limits(minimum=0.001, maximum=MAX_WAIT_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayQuery:
    """How to replay."""

    concurrency: Annotated[int, Limits(minimum=1, maximum=MAX_CONCURRENCY)] = 1
    """Requests at a time."""
    timeout_s: Annotated[float, REQUEST_S] = 60.0
    """Longest time that one request may take; a replay ends with the first that takes longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A request that was refused or failed."""

    index: int
    """Number of its record in the file, from 0."""
    code: str
    """Name of a gRPC code."""
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LatencyQuantiles:
    """How long requests took from the queue to the answer, in seconds."""

    p50: float
    p90: float
    p99: float
    max: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayReport:
    """What came of a replay."""

    num_records: int
    num_failed: int
    num_empty: int
    """Records without a request, which are passed over."""
    failures: tuple[Failure, ...]
    """The first hundred that came, by their index."""
    latency_s: LatencyQuantiles | None
    """Of the requests that were answered; None where none was."""
    elapsed_s: float
    """The whole replay."""
