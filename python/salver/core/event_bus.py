"""Events from one publisher to many subscribers, in order, on the publisher's thread.

Rules:
    - Every subscriber sees the events in the order of publication; two publishing threads take turns.
    - `publish` returns after the subscribers have run, so what they keep is up to date for the publisher's next step.
    - An event published from inside a callback is delivered after the running one, by the same call of `publish` that
      runs the callback: no subscriber ever sees the later event first.
    - A subscriber that raises is logged; the others still get the event.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

logger = logging.getLogger(__name__)

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Event(Generic[E]):
    """One published value and when it was published."""

    value: E
    time_s: float
    """Wall-clock time of publication, seconds since the epoch."""


class Subscription:
    """Keeps one callback subscribed until it is closed; a context manager.

    May outlive the bus. Dropping it without closing leaves the callback subscribed as long as the bus lives.
    """

    def __init__(self, on_close: Callable[[Subscription], None]) -> None:
        self._on_close = on_close
        self._is_closed = False
        self._call_lock = threading.RLock()

    def close(self) -> None:
        """End the subscription; idempotent.

        Blocks while the callback runs on another thread; may be called from the callback itself. Once it has returned
        the callback is never called again, except that a callback which closes itself finishes its own run.
        """
        with self._call_lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def call_if_open(self, on_event: Callable[[E], None], event: E) -> None:
        """Call back, unless closed; for the bus."""
        with self._call_lock:
            if not self._is_closed:
                on_event(event)


class EventBus(Generic[E]):
    """Hands each published event to every subscriber. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Make a bus without subscribers.

        Args:
            clock: Gives the wall-clock time stamped on events, seconds since the epoch.
        """
        self._clock = clock
        self._lock = threading.Lock()  # guards _subscribers
        self._subscribers: dict[Subscription, Callable[[Event[E]], None]] = {}
        self._publish_lock = threading.RLock()  # held while delivering; guards _waiting and _is_delivering
        self._waiting: deque[Event[E]] = deque()
        self._is_delivering = False

    def subscribe(self, on_event: Callable[[Event[E]], None]) -> Subscription:
        """Call `on_event` for every event published from now on.

        Callbacks run on the publishing thread, in order of subscription, one at a time for the whole bus. They must be
        quick. They may subscribe, close and publish; they must not wait for another thread that publishes.
        """
        subscription = Subscription(self._remove)
        with self._lock:
            self._subscribers[subscription] = on_event
        return subscription

    def publish(self, event: E) -> None:
        """Deliver `event` to all subscribers, then return; never raises because of a subscriber."""
        with self._publish_lock:
            self._waiting.append(Event(event, self._clock()))
            if self._is_delivering:
                return  # called from a callback: the outer call delivers it
            self._is_delivering = True
            try:
                while self._waiting:
                    self._deliver(self._waiting.popleft())
            finally:
                self._is_delivering = False

    def _deliver(self, event: Event[E]) -> None:
        with self._lock:
            subscribers = list(self._subscribers.items())
        for subscription, on_event in subscribers:
            try:
                subscription.call_if_open(on_event, event)
            except Exception:
                logger.exception("A subscriber failed on event %s", event.value)

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscribers.pop(subscription, None)
