"""The request log of the data plane, shared by the loggers that the configuration asks for and by recordings.

The data plane knows one rule for each model. While requests of a model are recorded, its rule gets the higher of both
rates, and what comes of it is dealt out here, so that each side has its own part: a logger writes neither more nor
other requests than without the recording.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from salver.boundary import LogEntries, LogEntry, LogRule

_FIRST_NUMBER = 1 << 62
"""Of the rules made here; loggers count from 1."""
_MAX_PAST_RULES = 64
"""Rules that went, of which requests may still be on their way."""


class RequestLogSource(Protocol):
    """The part of a data plane that is about the request log; see `salver.boundary.DataPlane`."""

    def set_log_rules(self, rules: Sequence[LogRule]) -> None:
        """Swap the rules."""

    def next_log_entries(self, timeout_s: float) -> LogEntries | None:
        """Wait for requests to be logged."""


class Listener(Protocol):
    """Takes requests to one model, beside its logger."""

    @property
    def model(self) -> str:
        """Whose requests it takes."""

    @property
    def sampling_rate(self) -> float:
        """The part of them that it wants, above 0 and at most 1."""

    def offer(self, record: bytes) -> None:
        """Take a serialized PredictionLog; quick, and raises nothing."""

    def note_dropped(self, num_dropped: int) -> None:
        """Learn that so many requests found no room in the queue."""


@dataclass(frozen=True)
class _Split:
    """What becomes of the entries of one rule."""

    logger: int | None
    """The logger that they are for; None where the model is only recorded."""
    logger_share: float = 0.0
    listeners: Mapping[int, tuple[Listener, float]] = field(default_factory=dict)
    """Each with its share."""


class SharedRequestLog:
    """Stands in the place of the data plane for `RequestLoggers`. Thread-safe.

    Entries are pulled by one thread, and listeners are called on it.
    """

    def __init__(self, plane: RequestLogSource, *, chance: Callable[[], float] = random.random) -> None:
        """Share the log of `plane`; `chance` gives numbers from 0 to below 1."""
        self._plane = plane
        self._chance = chance
        self._lock = threading.Lock()
        """Guards all below, and the order in which the plane is told."""
        self._numbers = itertools.count(_FIRST_NUMBER)
        self._rules: tuple[LogRule, ...] = ()
        self._listeners: tuple[Listener, ...] = ()
        self._splits: dict[int, _Split] = {}
        """By number of the rule, the oldest first."""

    # --- As the loggers use it

    def set_log_rules(self, rules: Sequence[LogRule]) -> None:
        """See `DataPlane.set_log_rules`."""
        with self._lock:
            self._rules = tuple(rules)
            self._tell_plane()

    def next_log_entries(self, timeout_s: float) -> LogEntries | None:
        """See `DataPlane.next_log_entries`; gives what is meant for loggers."""
        pulled = self._plane.next_log_entries(timeout_s)
        with self._lock:
            splits, listeners = dict(self._splits), self._listeners
            logged = {rule.model for rule in self._rules}
        if pulled is None or not splits:
            return pulled
        entries = [kept for entry in pulled.entries if (kept := self._dealt(entry, splits)) is not None]
        for listener in listeners:
            listener.note_dropped(pulled.dropped.get(listener.model, 0))
        recorded = {listener.model for listener in listeners} - logged
        return LogEntries(entries, {name: num for name, num in pulled.dropped.items() if name not in recorded})

    # --- As recordings use it

    def add(self, listener: Listener) -> None:
        """Give it requests from now on."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
            self._tell_plane()

    def remove(self, listener: Listener) -> None:
        """Give it no more requests; one that is being dealt out may still come."""
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)
            self._tell_plane()

    # --- Inside

    def _tell_plane(self) -> None:
        rules = {rule.model: rule for rule in self._rules}
        recorded = {listener.model for listener in self._listeners}
        made = {model: self._shared_rule(model, rules.get(model)) for model in recorded}
        past = list(self._splits)[: -(_MAX_PAST_RULES + len(made))]
        for number in past:
            del self._splits[number]
        self._plane.set_log_rules([*{**rules, **made}.values()])

    def _shared_rule(self, model: str, rule: LogRule | None) -> LogRule:
        listeners = [listener for listener in self._listeners if listener.model == model]
        rate = max([listener.sampling_rate for listener in listeners] + ([rule.sampling_rate] if rule else []))
        number = next(self._numbers)
        shares = {id(listener): (listener, listener.sampling_rate / rate) for listener in listeners}
        if rule is None:
            self._splits[number] = _Split(None, listeners=shares)
            return LogRule(model, rate, number, _metadata(rate))
        self._splits[number] = _Split(rule.logger, rule.sampling_rate / rate, shares)
        return LogRule(model, rate, number, rule.metadata)

    def _dealt(self, entry: LogEntry, splits: Mapping[int, _Split]) -> LogEntry | None:
        """Offer an entry to its listeners, and return what its logger gets."""
        split = splits.get(entry.logger)
        if split is None:
            # Of a rule that the loggers made, or of one made here so long ago that it is forgotten.
            return entry if entry.logger < _FIRST_NUMBER else None
        for listener, share in split.listeners.values():
            if self._is_chosen(share):
                listener.offer(entry.record)
        if split.logger is None or not self._is_chosen(split.logger_share):
            return None
        return LogEntry(entry.model, split.logger, entry.record)

    def _is_chosen(self, share: float) -> bool:
        return share >= 1 or self._chance() < share


def _metadata(rate: float) -> bytes:
    from salver import wire  # not on the start path

    return wire.LogMetadata(sampling_config=wire.SamplingConfig(sampling_rate=rate)).SerializeToString()
