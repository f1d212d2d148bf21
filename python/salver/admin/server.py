"""What the admin API says of the server as a whole."""

from __future__ import annotations

from dataclasses import dataclass


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
    state: str
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
