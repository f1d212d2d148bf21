"""A load on a server: what is sent, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Buckets: TypeAlias = tuple[tuple[float, int], ...]
"""Seconds, ascending, each within a percent of the times it stands for, and how many these are."""


@dataclass(frozen=True, kw_only=True)
class LoadTls:
    """How a load believes the server, and what it shows to it; all PEM."""

    server_name: str
    """The name that the server's certificate must have."""
    roots: bytes
    """Authorities that are believed."""
    identity: tuple[bytes, bytes] | None = field(default=None, repr=False)
    """Certificate chain and key, where the server asks for them."""


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """A load; what it takes from its caller is copied."""

    host: str
    port: int
    protocol: Literal["grpc", "rest"]
    method: Literal["POST", "GET"] = "POST"
    """Of REST."""
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    """Sent with every request, beside those of the protocol."""
    bodies: tuple[bytes, ...]
    """At least one; sent in turn. For gRPC each is a message."""
    num_connections: int = 1
    num_in_flight: int = 1
    """Requests on each connection at the same time; 1 for REST."""
    num_threads: int = 1
    """Event loops, over which the connections are spread."""
    requests_per_s: float | None = None
    """Open loop: so many are due in a second, whatever became of those before. None sends when an answer has come."""
    spacing: Literal["poisson", "constant"] = "poisson"
    """Of an open loop."""
    seed: int = 0
    max_queued: int = 10_000
    """Requests that are due and may wait in the generator for one in flight to end; more are dropped and counted."""
    warmup_s: float = 0.0
    """Sent before anything is counted."""
    duration_s: float | None = None
    """How long is counted."""
    num_requests: int | None = None
    """How many are counted; what is reached first ends the load, and one of the two is given."""
    timeout_s: float = 10.0
    """A request without an answer by then has failed. The load ends at most so long after its last request."""
    connect_timeout_s: float = 5.0
    tls: LoadTls | None = None
    """None speaks plain text."""
    keep_reply: bool = False
    """Whether the body of a good answer is kept."""


@dataclass(frozen=True, kw_only=True)
class LoadProgress:
    """How far a load is. Counts are of requests that count, from their beginning."""

    is_over: bool
    is_warming_up: bool
    measured_s: float
    num_answered: int
    num_failed: int
    num_dropped: int
    recent_p50_s: float
    """Of the answers since the last look; 0 where there are none."""
    recent_p99_s: float
    """The same."""


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What came of a load.

    In a closed loop those requests count that ended in the measured time; in an open loop, and where a number was asked
    for, those that were due in it.
    """

    measured_s: float
    latencies: Buckets
    """Times of the requests that were answered: from when they were due, in an open loop."""
    latency_sum_s: float
    latency_max_s: float
    answered: tuple[int, ...]
    """Answers for each of the bodies."""
    num_within: int
    """Answers that came within the measured time, whenever their requests were due: what a rate is made of."""
    failures: Mapping[str, tuple[int, str]]
    """Number and first message by kind: the gRPC code by name, the HTTP status, `TIMEOUT`, or `CONNECTION`."""
    sent_bytes: int
    received_bytes: int
    """Of bodies alone, as the last."""
    lags: Buckets = ()
    """Open loop: by how much the generator was late in handing out requests."""
    num_dropped: int = 0
    busy_s: tuple[tuple[float, float], ...] = ()
    """For each event loop, in the measured time: seconds on a processor, and in line for one. Empty where unknown."""
    pacer_busy_s: tuple[float, float] = (0.0, 0.0)
    """The same for the thread that hands out requests, warm-up included."""
    failure: str | None = None
    """Why the load ended before its time."""
    reply: bytes | None = None


class LoadRun(Protocol):
    """A load that has begun."""

    def next_progress(self, wait_s: float) -> LoadProgress:
        """Say how far it is, after `wait_s` or as soon as it is over; waits without the GIL."""

    def stop(self) -> None:
        """End it at once; what is in flight is given up. The report is of what there was."""

    def report(self) -> LoadReport:
        """Wait for the end, without the GIL, and say what came of it."""


StartLoad: TypeAlias = Callable[[LoadOptions], LoadRun]
"""Opens the connections and begins; raises UnavailableError where one cannot be opened."""
