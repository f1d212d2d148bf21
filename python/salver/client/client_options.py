"""What is said once of a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from salver.client.call_options import Criticality, checked_headers
from salver.client.deadline import Deadline
from salver.client.retry import RetryPolicy
from salver.client.tls import Tls
from salver.errors import InvalidArgumentError

NO_RETRIES = RetryPolicy(max_attempts=1)


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of a client; `ClientSettings` says what each is and what holds without it."""

    tls: Tls | None
    timeout_s: float | None
    retry: RetryPolicy | None
    headers: Mapping[str, str]
    criticality: Criticality | None
    compression: Literal["gzip"] | None
    max_connections: int
    grpc_options: Sequence[tuple[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """The same, checked, with what holds for the rest."""

    tls: Tls | None = None
    """Encryption; an address that begins with `https://` or `grpcs://` has it without."""
    timeout_s: float | None = 60.0
    """Of a call that does not say otherwise, all attempts together; streams have none of their own accord. It is not
    None because a call that never ends is worse than one that fails, and longer than what a person waits for."""
    retry: RetryPolicy | None = field(default_factory=RetryPolicy)
    """None for a single attempt."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """With every call; metadata in gRPC."""
    criticality: Criticality | None = None
    """Of calls that do not say otherwise."""
    compression: Literal["gzip"] | None = None
    """Of requests, and asked for in answers. It costs far more processor time than a local network does."""
    max_connections: int = 100
    """Of a REST client at one time; further calls wait. gRPC needs one."""
    grpc_options: Sequence[tuple[str, Any]] = ()
    """Channel arguments, over those that this client sets."""

    def __post_init__(self) -> None:
        checked_headers(self.headers, self.criticality)
        Deadline.after(self.timeout_s)
        if self.compression not in {None, "gzip"}:
            raise InvalidArgumentError(f"compression: expected gzip or None, got {self.compression!r}")
        if self.max_connections < 1:
            raise InvalidArgumentError(f"max_connections: expected at least 1, got {self.max_connections}")

    @property
    def retry_policy(self) -> RetryPolicy:
        """The policy, that of no retries included."""
        return self.retry or NO_RETRIES
