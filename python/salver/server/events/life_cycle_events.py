"""What goes into the log of events: states of versions and of the server, changes of models, reports of sources."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from salver.admin.change import Difference
from salver.admin.model import Reason
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import SalverError
from salver.server.events.event_log import EventLog

_MAX_DIFFERENCES = 100
"""A list of thousands of models may change as a whole; who needs all of it asks for the models."""


class LifeCycleEvents:
    """Writes into a log; each method is quick, and may be called by any thread."""

    def __init__(self, log: EventLog, monitor: ServableStateMonitor) -> None:
        """Begin to note the states that the monitor sees.

        Args:
            log: Where to.
            monitor: Tells an event to others once it knows it, so who reads of one finds the state as it says.
        """
        self._log = log
        self._lock = threading.Lock()  # guards _source_errors
        self._source_errors: dict[str, SalverError] = {}
        monitor.notify(self._on_state)

    def server_state(self, state: str) -> None:
        """Note that the server is in another state now."""
        self._log.add("server", state=state)

    def models_set(self, writer: str, diff: Sequence[Difference], etag: str) -> None:
        """Note that somebody set the models; nothing is noted where that changed nothing."""
        if diff:
            told = tuple(diff[:_MAX_DIFFERENCES])
            self._log.add("config", writer=writer, diff=told, num_differences=len(diff), etag=etag)

    def source_report(self, model: str, error: SalverError | None) -> None:
        """Note what hinders the source of a model, or that nothing does any longer; repeated, it is no news."""
        with self._lock:
            before = self._source_errors.pop(model, None)
            if error is not None:
                self._source_errors[model] = error
        if error != before:
            self._log.add("source", model=model, reason=_reason(error))

    def forget_sources(self, models: Collection[str]) -> None:
        """Forget what was reported of models that are gone; the same report is news when they come back."""
        with self._lock:
            for model in models:
                self._source_errors.pop(model, None)

    def _on_state(self, found: ServableStateAndTime) -> None:
        state = found.state
        self._log.add(
            "state",
            at=found.time_s,
            model=state.id.name,
            version=state.id.version,
            state=state.manager_state.name,
            reason=_reason(state.error),
        )


def _reason(error: SalverError | None) -> Reason | None:
    return None if error is None else Reason(code=error.code.name, message=error.message)
