"""Telling of single requests: the access log, and traces.

The data plane keeps requests that ended in a bounded queue; one thread pulls them, writes the lines of the log and
hands traced requests to the exporter, which has a bounded queue and a thread of its own: a collector that does not
answer holds up nobody. What finds no room is dropped, and counted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from salver.boundary import DataPlane, JournalEntries, JournalEntry
from salver.server.access_log import AccessLog
from salver.server.log_pause import LOG_PAUSE_S, LogPause
from salver.server.metrics import Metrics
from salver.server.thread_pool import PullThreads

_log = logging.getLogger(__name__)

_PULL_S = 1.0
_JOIN_TIMEOUT_S = 5.0


class TraceExporter(Protocol):
    """Takes traced requests. One thread calls."""

    def export(self, entry: JournalEntry) -> bool:
        """Take a request, without waiting; False where there is no room for it."""

    def close(self) -> None:
        """Send what is left; blocks, though not for ever on a collector that does not answer."""


class Journal:
    """Writes down what the data plane tells of single requests.

    Call sequence: `start`, then `close` once the data plane has stopped.
    """

    def __init__(
        self,
        plane: DataPlane,
        metrics: Metrics,
        *,
        exporter: TraceExporter | None = None,
        access_log: AccessLog | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a journal; without an exporter and an access log there is nothing to be told, and no thread starts."""
        self._plane = plane
        self._metrics = metrics
        self._exporter = exporter
        self._access_log = access_log
        self._pause = LogPause(clock)
        self._thread: PullThreads[JournalEntries] | None = None

    def start(self) -> None:
        """Begin to write down."""
        if self._exporter is not None or self._access_log is not None:
            self._thread = PullThreads("journal", 1, self._plane.next_journal_entries, self, _PULL_S)
            self._thread.start()

    def handle(self, pulled: JournalEntries, /) -> None:
        """Write down what was pulled."""
        for entry in pulled.entries:
            if entry.is_logged and self._access_log is not None:
                self._access_log.write(entry)
            if entry.trace is not None and self._exporter is not None and not self._exporter.export(entry):
                self._metrics.traces_dropped.add()
        if pulled.num_dropped:
            self._metrics.journal_dropped.add(pulled.num_dropped)
            if self._pause.is_due("dropped"):
                text = "%d requests are in no access log or trace, because they come faster than they can be written"
                _log.warning(f"{text} (the like is not logged again for %d s)", pulled.num_dropped, LOG_PAUSE_S)

    def close(self) -> None:
        """Write down what is left; blocks, though not for ever."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if thread.stop(_JOIN_TIMEOUT_S):
            while (pulled := self._plane.next_journal_entries(0)) is not None and (
                pulled.entries or pulled.num_dropped
            ):
                self.handle(pulled)
        else:
            _log.warning("The access log is still being written; what is not yet in it is lost")
        if self._exporter is not None:
            self._exporter.close()
