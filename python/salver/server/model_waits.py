"""Waiting for models that a change of configuration brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from salver.core.event_bus import EventBus
from salver.core.servable_state import ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_waits import Outcomes
from salver.errors import DeadlineExceededError, SalverError, UnknownError


class ModelWaits:
    """The monitors of all who wait for models, so that what no event tells can be reported to them. Thread-safe."""

    def __init__(self, bus: EventBus[ServableState], monitor: ServableStateMonitor) -> None:
        """Begin with the server's own monitor, which stays."""
        self._bus = bus
        self._monitors = [monitor]
        self._ended: SalverError | None = None

    @contextmanager
    def fresh_monitor(self) -> Iterator[ServableStateMonitor]:
        """Give a monitor that knows nothing of an earlier life of the same names."""
        monitor = ServableStateMonitor(self._bus)
        self._monitors.append(monitor)
        if self._ended is not None:  # looked at last: `end` either finds the monitor or is found
            monitor.end_waits(self._ended)
        try:
            yield monitor
        finally:
            self._monitors.remove(monitor)
            monitor.close()

    def report(self, names: Iterable[str], error: SalverError | None) -> None:
        """Tell everybody why no version of these models comes, or that there is no such reason any more."""
        for monitor in tuple(self._monitors):
            for name in names:
                monitor.report_source(name, error)

    def end(self, error: SalverError) -> None:
        """End the waiting of everybody with this error, also of who comes later."""
        self._ended = error
        for monitor in tuple(self._monitors):
            monitor.end_waits(error)


def raise_failures(names: Sequence[str], outcomes: Outcomes, timeout_s: float | None) -> None:
    """Raise what became of new models, unless all are available.

    Args:
        names: The models that were waited for.
        outcomes: What became of them; those that are missing are still on their way.
        timeout_s: How long they were waited for.

    Raises:
        UnknownError: Some failed.
        DeadlineExceededError: None failed, but some are still loading.
    """
    failures = [f"{{{name} due to error: {error}}}" for name, error in outcomes.items() if error is not None]
    if failures:
        raise UnknownError(f"{len(failures)} model(s) did not become available: {{{', '.join(sorted(failures))}}}")
    late = [name for name in names if name not in outcomes]
    if late:
        raise DeadlineExceededError(f"not available within {timeout_s:g} s, and still loading: {', '.join(late)}")
