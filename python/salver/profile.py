"""How long batches of a loaded model run, by their rows: what `salver tune` asks a server for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from salver.boundary import BatchingPolicy, CurvePoint


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """What is to be profiled, and how."""

    version: int | None = None
    """None takes the highest that serves."""
    signature: str | None = None
    """None takes `serving_default`, or the only one."""
    max_batch_size: int | None = None
    """Largest batch tried; None takes the largest that the model's batching allows, as far as that pays."""
    length: int | None = None
    """Length of dimensions that the signature leaves open; None takes a common one."""
    limit_s: float = 10.0
    """Longest time for all; a run that is under way then goes on to its end."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Inputs by name: arrays with at least one row, repeated as often as a batch needs. What is missing is made up."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What was measured."""

    model: str
    version: int
    signature: str
    policy: BatchingPolicy
    """The batching that is in force."""
    points: tuple[CurvePoint, ...]
    """By ascending rows; at least one."""
    num_runners: int
    """Batches that the server runs at the same time."""
    sharing: float
    """How much these slow each other: 0 not at all, 1 as if they took turns."""
    inputs: tuple[str, ...] = ()
    """Where each input was taken from, in words."""
    notes: tuple[str, ...] = ()
    """What kept it from larger batches, in words."""
