"""What the admin API is asked with: bodies and queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from salver.admin.limits import VERSION, WAIT_S, Limits
from salver.admin.model import ASPIRED_VERSION_POLICY, BASE_PATH, LABELS, STATUS, VERSION_POLICY_PATCH


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPatch:
    """What is to be different of a model, as a JSON merge patch (RFC 7396): null takes a field back to its default."""

    base_path: Annotated[str | None, BASE_PATH] = None
    platform: str | None = None
    """Cannot be changed while the model is served."""
    version_policy: Annotated[Mapping[str, Any] | None, VERSION_POLICY_PATCH] = None
    """Takes the place of the present one, whole; the other policies may be null beside it."""
    version_labels: Annotated[Mapping[str, Any] | None, LABELS] = None
    """Labels to add or move; null removes one."""
    aspired_version_policy: Annotated[str | None, ASPIRED_VERSION_POLICY] = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionChoice:
    """A version, for a pin or a label."""

    version: Annotated[int, VERSION]


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """An empty object; may be left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DrainRequest:
    """How to drain."""

    wait_s: Annotated[float | None, Limits(minimum=0)] = None
    """Longest wait for accepted requests; None takes that of the configuration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeQuery:
    """How to change something."""

    dry_run: bool = False
    """Check everything and change nothing."""
    wait_s: Annotated[float, WAIT_S] = 0.0
    """How long to wait until the model is available as asked, or has failed; or, where it is removed, is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitQuery:
    """How long to wait."""

    wait_s: Annotated[float, WAIT_S] = 0.0
    """How long to wait until the model is available or has failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsQuery:
    """Which events are wanted."""

    after: Annotated[int | None, Limits(minimum=0)] = None
    """Only those after the event of this number; by default those that come from now on."""
    model: tuple[str, ...] = ()
    """Only those of these models; may be given several times."""
    type: tuple[str, ...] = ()
    """Only those of these types; may be given several times."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestsQuery:
    """How many requests are to be told of."""

    limit: Annotated[int, Limits(minimum=1, maximum=1000)] = 100
    """At most, the oldest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GilQuery:
    """How to measure the interpreter lock."""

    window_s: Annotated[float, Limits(minimum=0, maximum=10)] = 1.0
    """For how long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelsQuery:
    """Which models are wanted."""

    state: Annotated[str | None, STATUS] = None
    """Only those of this status."""
    name: str | None = None
    """Only those whose name fits this pattern of `*`, `?` and `[...]`."""
