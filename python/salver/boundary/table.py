"""What the serving table is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from salver.boundary.batching import UNBATCHED, BatchingPolicy
from salver.boundary.models import NativeModel, Signature


class Target(Protocol):
    """One servable version as the serving table knows it; requests pin it."""

    @property
    def num_pins(self) -> int:
        """Requests that hold this version now."""

    def wait_until_released(self, timeout_s: float | None) -> bool:
        """Wait, without the GIL, until no request holds it; False when the time ran out, None waits for ever."""

    def set_batching(self, policy: BatchingPolicy) -> None:
        """Join requests by this policy from now on; those that wait already keep the one they came under."""


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """What a target is made of: exactly one of `model` and `servable` is set."""

    name: str
    version: int
    signatures: tuple[Signature, ...] = ()
    """Those of a Python servable; a native model brings its own."""
    model: NativeModel | None = None
    servable: object | None = None
    """Handed back in each `Batch`; the data plane does not look at it."""
    batching: BatchingPolicy = UNBATCHED
    """How its requests are joined, until `Target.set_batching` says otherwise."""


@dataclass(frozen=True)
class ModelRow:
    """One model of the serving table."""

    name: str
    targets: Sequence[Target]
    """The versions that serve."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Label to version; a label may name a version that does not serve yet."""
    unavailable: tuple[int, str] | None = None
    """Code and message for requests while no version serves; None gives NOT_FOUND."""
