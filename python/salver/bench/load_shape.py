"""How a load is put on a server: from the options of the command line to those of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from salver.bench.target import Target
from salver.boundary.load import LoadOptions
from salver.errors import InvalidArgumentError

USUAL_CONNECTIONS = 8
_MAX_CONNECTIONS = 4096
_OPEN_GRPC_IN_FLIGHT = 1024
_OPEN_REST_CONNECTIONS = 128


@dataclass(frozen=True, kw_only=True)
class LoadShape:
    """How much, for how long."""

    concurrency: int | None = None
    """Requests in flight; of an open loop, at most. None takes what is usual."""
    connections: int | None = None
    """Connections that these are spread over; None takes what is usual. REST has one for each."""
    rate: float | None = None
    """Requests a second of an open loop; None is a closed one."""
    spacing: Literal["poisson", "constant"] = "poisson"
    duration_s: float | None = 10.0
    num_requests: int | None = None
    warmup_s: float = 1.0
    num_threads: int = 1
    seed: int = 0

    def options(self, target: Target, bodies: Sequence[bytes]) -> LoadOptions:
        """Return the run that it is.

        Raises:
            InvalidArgumentError: The numbers contradict each other.
        """
        num_connections, num_in_flight = self._spread(target)
        return replace(
            target.options(bodies),
            num_connections=num_connections,
            num_in_flight=num_in_flight,
            num_threads=min(self.num_threads, num_connections),
            requests_per_s=self.rate,
            spacing=self.spacing,
            seed=self.seed,
            warmup_s=self.warmup_s,
            duration_s=self.duration_s,
            num_requests=self.num_requests,
        )

    def _spread(self, target: Target) -> tuple[int, int]:
        """Connections, and requests in flight on each."""
        is_rest = target.protocol == "rest"
        usual = 64 if self.rate is None else _OPEN_REST_CONNECTIONS if is_rest else _OPEN_GRPC_IN_FLIGHT
        concurrency = usual if self.concurrency is None else self.concurrency
        if is_rest:
            if self.connections not in {None, concurrency}:
                raise InvalidArgumentError("REST has a connection for each request in flight: leave --connections out")
            num = concurrency
        elif self.connections is None:
            num = max(divisor for divisor in range(1, USUAL_CONNECTIONS + 1) if concurrency % divisor == 0)
        else:
            num = self.connections
        if concurrency % num:
            raise InvalidArgumentError(f"--concurrency {concurrency} cannot be spread evenly over --connections {num}")
        if num > _MAX_CONNECTIONS:
            raise InvalidArgumentError(f"expected at most {_MAX_CONNECTIONS:,} connections, got {num:,}")
        return num, concurrency // num

    def __str__(self) -> str:
        """In words."""
        if self.rate is None:
            return f"closed loop, {64 if self.concurrency is None else self.concurrency:,} in flight"
        how = "at random times" if self.spacing == "poisson" else "evenly spaced"
        return f"open loop, {self.rate:,.6g} requests/s {how}"
