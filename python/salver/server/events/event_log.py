"""The latest events of a server, numbered. Old ones give way to new ones: nobody who is slow makes it grow.

Numbers begin where the clock stands at the start of the server, in milliseconds, and grow by one. So they grow from one
run of a server to the next as well, and a watcher that comes back to another run is told all of it, where numbers from
one would make it take new events for those that it has seen.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from salver.admin.event import EventDocument
from salver.admin.times import rfc3339

MAX_EVENTS = 2048


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events somebody wants."""

    models: frozenset[str] = frozenset()
    """Those about one of these models; none is all, those about no model included. A change of so many models that only
    its first differences are kept may be about any, and is told to all."""
    types: frozenset[str] = frozenset()
    """None is all."""

    def takes(self, event: EventDocument) -> bool:
        """Whether this event is wanted."""
        return (not self.types or event.type in self.types) and (not self.models or self._is_about_model(event))

    def _is_about_model(self, event: EventDocument) -> bool:
        if event.diff is None:
            return event.model in self.models
        if (event.num_differences or 0) > len(event.diff):
            return True
        return any(model_of_path(difference.path) in self.models for difference in event.diff)


ALL_EVENTS = EventFilter()


def model_of_path(path: str) -> str | None:
    """Return the model that a JSON pointer into the configuration speaks of (RFC 6901)."""
    parts = path.split("/")
    is_model = len(parts) > 2 and parts[1] == "models"
    return parts[2].replace("~1", "/").replace("~0", "~") if is_model else None


class EventLog:
    """Keeps events and wakes who waits for them. Thread-safe; adding is quick and never waits."""

    def __init__(self, clock: Callable[[], float] = time.time, max_events: int = MAX_EVENTS) -> None:
        """Make an empty log.

        Args:
            clock: Gives the time, seconds since the epoch.
            max_events: How many are kept.
        """
        self._clock = clock
        self._lock = threading.Lock()  # guards all below
        self._events: deque[EventDocument] = deque(maxlen=max_events)
        self._start_id = self._last_id = int(clock() * 1000)
        self._on_added: Callable[[], None] = lambda: None

    @property
    def last_id(self) -> int:
        """Number of the latest event; of the start, while there is none."""
        return self._last_id

    def notify(self, on_added: Callable[[], None]) -> None:
        """Call `on_added` after each event, on the thread that adds it; it replaces whom was called before."""
        with self._lock:
            self._on_added = on_added

    def add(self, kind: str, at: float | None = None, **fields: Any) -> None:
        """Add an event.

        Args:
            kind: Its type.
            at: When it happened, seconds since the epoch; None is now.
            fields: Those that `salver.admin.event.FIELDS` names for the type.
        """
        told = rfc3339(self._clock() if at is None else at)
        with self._lock:
            self._last_id += 1
            self._events.append(EventDocument(id=self._last_id, at=told, type=kind, **fields))
            on_added = self._on_added
        on_added()

    def after(self, id: int, wanted: EventFilter = ALL_EVENTS, limit: int | None = None) -> tuple[EventDocument, ...]:
        """Return the events after this number, oldest first.

        Where some were forgotten that came after it, an event of type `lost` is the first. A number of an earlier run
        stands for the beginning of this one, and one that was not given yet for now.

        Args:
            id: Number of the last event that is known already.
            wanted: Leaves out others.
            limit: Return no more than so many: the oldest.
        """
        with self._lock:
            num_new = min(self._last_id - max(id, self._start_id), len(self._events))
            first = len(self._events) - max(num_new, 0)
            new = [self._events[index] for index in range(first, len(self._events))]
            lost = self._lost(id)
        found = [event for event in new if wanted.takes(event)]
        return (*lost, *found[:limit])

    def latest(self, wanted: EventFilter, num: int) -> tuple[EventDocument, ...]:
        """Return the last `num` events that are wanted, oldest first."""
        found = [event for event in self.after(0) if wanted.takes(event)]
        return tuple(found[-num:])

    def _lost(self, id: int) -> list[EventDocument]:
        if id < self._start_id or not self._events:
            return []
        first = self._events[0]
        num = first.id - id - 1
        return [EventDocument(id=first.id - 1, at=first.at, type="lost", num=num)] if num > 0 else []
