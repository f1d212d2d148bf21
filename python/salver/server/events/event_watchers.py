"""Those who watch events: any number of streams up to a limit, and one thread that serves them all.

A watcher has no queue of its own: it is a place in the log, and moves on as far as its client takes what it is given.
One that is slow falls behind in the log alone; what the log forgets meanwhile it is told to have lost. One that takes
nothing for a minute is ended.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from salver.admin.event import EventDocument
from salver.boundary import AnswerStream
from salver.errors import Code, ResourceExhaustedError, UnavailableError
from salver.server.events.event_log import EventFilter, EventLog

logger = logging.getLogger(__name__)

MAX_WATCHERS = 64
HEARTBEAT_S = 15.0
"""A stream on which nothing happens is given a sign of life so often; proxies cut off what is silent for a minute."""
MAX_STUCK_S = 60.0
_RETRY_S = 0.25
"""Time between two attempts to give something to a client that is behind."""
_MAX_EVENTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class EventForm:
    """How events are written."""

    encode: Callable[[EventDocument], bytes]
    heartbeat: bytes = b""
    """Empty where the protocol has signs of life of its own."""


class _Watcher:
    """One stream and its place in the log."""

    def __init__(self, stream: AnswerStream, form: EventForm, wanted: EventFilter, place: int, now: float) -> None:
        self.stream = stream
        self._form = form
        self._wanted = wanted
        self._place = place
        self._last_sent = now
        self._stuck_since: float | None = None

    def rest_s(self, now: float) -> float:
        """How long nothing is to be done for it unless an event comes."""
        if self._stuck_since is not None:
            return _RETRY_S
        return max(0.0, self._last_sent + HEARTBEAT_S - now) if self._form.heartbeat else HEARTBEAT_S

    def is_stuck(self, now: float) -> bool:
        """Whether it has taken nothing for so long that it is to be ended."""
        return self._stuck_since is not None and now - self._stuck_since >= MAX_STUCK_S

    def advance(self, log: EventLog, now: float) -> None:
        """Give the client what is new, as far as it takes it."""
        while True:
            last = log.last_id  # before the look: what comes meanwhile is found by the next
            events = log.after(self._place, self._wanted, _MAX_EVENTS_AT_ONCE)
            for event in events:
                if not self._give(self._form.encode(event), now):
                    return
                self._place = event.id
            if len(events) < _MAX_EVENTS_AT_ONCE:
                self._place = max(self._place, last)
                self._keep_alive(now)
                return

    def _keep_alive(self, now: float) -> None:
        if self._form.heartbeat and now - self._last_sent >= HEARTBEAT_S:
            self._give(self._form.heartbeat, now)

    def _give(self, piece: bytes, now: float) -> bool:
        if self.stream.send(piece):
            self._last_sent, self._stuck_since = now, None
            return True
        if self._stuck_since is None:
            self._stuck_since = now
        return False


class EventWatchers:
    """Serves all watchers of a log. Thread-safe.

    The thread is there from the first watcher on.
    """

    def __init__(self, log: EventLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        """Guards `_watchers`, `_thread` and `_is_closed`; not held while watchers are served."""
        self._watchers: list[_Watcher] = []
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._wake = threading.Event()
        log.notify(self._wake.set)

    @property
    def num_watchers(self) -> int:
        """How many there are, those that have gone unnoticed included."""
        return len(self._watchers)

    def check_room(self) -> None:
        """Refuse a watcher before its answer begins.

        Raises:
            ResourceExhaustedError: There are as many as may be.
            UnavailableError: The server is stopping.
        """
        with self._lock:
            self._check_room()

    def add(self, stream: AnswerStream, form: EventForm, wanted: EventFilter, after: int | None) -> None:
        """Begin to serve a stream; it is ended when the server stops.

        Args:
            stream: Where events go.
            form: How they are written.
            wanted: Which of them.
            after: Number of the last one that the client knows; None is all up to now, and so is one that was not
                given yet: that of an earlier run, whose clock was ahead.

        Raises:
            ResourceExhaustedError, UnavailableError: As `check_room`.
        """
        last = self._log.last_id
        place = last if after is None else min(after, last)
        with self._lock:
            self._check_room()
            self._watchers.append(_Watcher(stream, form, wanted, place, self._clock()))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="salver-events", daemon=True)
                self._thread.start()
        self._wake.set()

    def step(self) -> float:
        """Serve every watcher once; return how long nothing is to be done unless an event comes."""
        now = self._clock()
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            self._serve(watcher, now)
        with self._lock:
            self._drop_closed()
        return min((watcher.rest_s(now) for watcher in watchers if watcher.stream.is_open), default=HEARTBEAT_S)

    def close(self, timeout_s: float) -> bool:
        """Give every watcher what it has not had yet, as far as it takes it, and end them; idempotent.

        False where the thread does not end in time.
        """
        with self._lock:
            self._is_closed = True
            thread = self._thread
        self._wake.set()
        if thread is None:
            return True
        thread.join(timeout_s)
        return not thread.is_alive()

    def _check_room(self) -> None:
        if self._is_closed:
            raise UnavailableError("the server is stopping")
        self._drop_closed()
        if len(self._watchers) >= MAX_WATCHERS:
            raise ResourceExhaustedError(f"{MAX_WATCHERS} clients watch events already, and no more may")

    def _drop_closed(self) -> None:
        self._watchers = [watcher for watcher in self._watchers if watcher.stream.is_open]

    def _serve(self, watcher: _Watcher, now: float) -> None:
        try:
            watcher.advance(self._log, now)
        except Exception:
            logger.exception("Events cannot be told")
            watcher.stream.fail(Code.INTERNAL, "events cannot be told")
        if watcher.is_stuck(now):
            watcher.stream.fail(Code.RESOURCE_EXHAUSTED, f"nothing was taken for {MAX_STUCK_S:g} s")

    def _run(self) -> None:
        while not self._is_closed:
            self._wake.clear()
            self._wake.wait(self.step())
        self.step()  # the last events: a watcher should see why it is ended
        with self._lock:
            watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            watcher.stream.end()
