"""Requests that are to be logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LogRule:
    """Which requests to one model are logged, and by which logger."""

    model: str
    sampling_rate: float
    """The part of its answered requests, from 0 to 1."""
    logger: int
    """Handed back in each `LogEntry`."""
    metadata: bytes = b""
    """A serialized LogMetadata with what is the same in all records of this model."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An answered request that was chosen to be logged."""

    model: str
    logger: int
    """What `LogRule.logger` was when the request came."""
    record: bytes
    """A serialized PredictionLog."""


@dataclass(frozen=True, slots=True)
class LogEntries:
    """What one pull gives."""

    entries: Sequence[LogEntry] = ()
    """In the order in which they were answered."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many found no room since the last pull, by model."""
