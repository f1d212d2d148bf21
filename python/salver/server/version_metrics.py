"""What is told of each version that is there: how long it took to load and to warm up, and what it occupies.

A series leaves with its version, so that a server which loads new versions for years does not grow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from salver.boundary import MetricFamily, Series
from salver.core.ids import ServableId
from salver.core.resources import RAM_IN_BYTES, ResourceAllocation
from salver.core.servable_state import ManagerState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import Code
from salver.server.metrics import Counter

_LABELS = ("model_name", "version")


@dataclass(slots=True)
class _Times:
    loading_since_s: float | None = None
    load_s: float | None = None
    warmup_s: float | None = None


class VersionMetrics:
    """The metrics of versions. Thread-safe."""

    def __init__(self, estimates: Callable[[], Mapping[ServableId, ResourceAllocation]]) -> None:
        """Make them.

        Args:
            estimates: Gives what each version that is loaded, or being so, is taken to occupy.
        """
        self._estimates = estimates
        self._lock = threading.Lock()  # guards _times
        self._times: dict[ServableId, _Times] = {}
        """Of versions that have not ended."""
        self._loads = Counter("salver_model_loads_total", "model_name", "code")

    def on_state(self, found: ServableStateAndTime) -> None:
        """Take in an event of a version's life."""
        id, state, error = found.state.id, found.state.manager_state, found.state.error
        with self._lock:
            times = self._times.setdefault(id, _Times())
            was_loading = times.loading_since_s is not None and times.load_s is None
            if state is ManagerState.LOADING:
                self._times[id] = _Times(loading_since_s=found.time_s)
            elif state is ManagerState.AVAILABLE and times.loading_since_s is not None:
                # The clock of events is the wall's, which may be set back.
                times.load_s = max(0.0, found.time_s - times.loading_since_s)
            elif state is ManagerState.END:
                del self._times[id]
        if state is ManagerState.AVAILABLE:
            self._loads.add(model_name=id.name, code=Code.OK.name)
        elif state is ManagerState.END and error is not None and was_loading:
            self._loads.add(model_name=id.name, code=Code(error.code).name)

    def note_warmup(self, id: ServableId, seconds: float) -> None:
        """Take in a warm-up that succeeded; a version that is not loading is passed over."""
        with self._lock:
            if id in self._times:
                self._times[id].warmup_s = seconds

    def _memory_bytes(self) -> dict[ServableId, int]:
        """Return what each version that is loaded, or being so, is taken to occupy, on all devices together."""
        return {id: _memory(estimate) for id, estimate in self._estimates().items()}

    def snapshot(self) -> list[MetricFamily]:
        """Return them."""
        with self._lock:
            loads = {id: times.load_s for id, times in self._times.items() if times.load_s is not None}
            warmups = {id: times.warmup_s for id, times in self._times.items() if times.warmup_s is not None}
        return [
            self._loads.snapshot(),
            _gauge("salver_model_load_seconds", loads.items()),
            _gauge("salver_model_warmup_seconds", warmups.items()),
            _gauge("salver_model_memory_bytes", self._memory_bytes().items()),
        ]


def _memory(estimate: ResourceAllocation) -> int:
    return sum(quantity for resource, quantity in estimate.items() if resource.kind == RAM_IN_BYTES)


def _gauge(name: str, values: Iterable[tuple[ServableId, float]]) -> MetricFamily:
    return MetricFamily(
        name, "gauge", _LABELS, tuple(Series((id.name, str(id.version)), value) for id, value in values)
    )
