"""What the admin API says of the server as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from salver.admin.limits import Limits

SERVER_STATE = Limits(choices=("STARTING", "SERVING", "DRAINING"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Numbers of the open ports; None is none."""

    grpc: int | None = None
    rest: int | None = None
    admin: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerDocument:
    """A server as it is."""

    version: str
    """Of Salver."""
    state: Annotated[str, SERVER_STATE]
    """STARTING, SERVING or DRAINING."""
    is_ready: bool
    started_at: str
    """RFC 3339 in UTC."""
    uptime_s: float
    pid: int
    ports: Ports
    resident_bytes: int | None
    num_models: int
    num_versions_available: int
    num_in_flight: int | None
    config_writer: str
    """Who set the models that are in force."""
    python_version: str
    etag: str
    """Of the configuration of the models."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerState:
    """What a server does from now on."""

    state: Annotated[str, SERVER_STATE]


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorDocument:
    """Why a request was refused."""

    error: str
    """For people."""
    code: str
    """Name of a gRPC code."""
