"""What is told of each version that is there: how long it took to load and to warm up, and what it occupies.

A series leaves with its version, so that a server which loads new versions for years does not grow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from salver.boundary import MetricFamily, Series
from salver.core.ids import ServableId
from salver.core.resources import RAM_IN_BYTES, ResourceAllocation
from salver.core.servable_state import ManagerState
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import Code
from salver.server.metrics import Counter

_LABELS = ("model_name", "version")


class VersionMetrics:
    """The metrics of versions. Thread-safe."""

    def __init__(
        self,
        estimates: Callable[[], Mapping[ServableId, ResourceAllocation]],
        load_times: Callable[[], Mapping[ServableId, float]],
    ) -> None:
        """Make them.

        Args:
            estimates: Gives what each version that is loaded, or being so, is taken to occupy.
            load_times: Gives how many seconds the load of each version that is loaded took.
        """
        self._estimates = estimates
        self._load_times = load_times
        self._lock = threading.Lock()
        """Guards what follows."""
        self._loading: set[ServableId] = set()
        self._warmup_s: dict[ServableId, float] = {}
        """Of versions that have not ended."""
        self._loads = Counter("salver_model_loads_total", "model_name", "code")

    def on_state(self, found: ServableStateAndTime) -> None:
        """Take in an event of a version's life."""
        id, state, error = found.state.id, found.state.manager_state, found.state.error
        with self._lock:
            was_loading = id in self._loading
            if state is ManagerState.LOADING:
                self._loading.add(id)
            elif state in {ManagerState.AVAILABLE, ManagerState.END}:
                self._loading.discard(id)
            if state in {ManagerState.LOADING, ManagerState.END}:
                self._warmup_s.pop(id, None)
        if state is ManagerState.AVAILABLE:
            self._loads.add(model_name=id.name, code=Code.OK.name)
        elif state is ManagerState.END and error is not None and was_loading:
            self._loads.add(model_name=id.name, code=Code(error.code).name)

    def note_warmup(self, id: ServableId, seconds: float) -> None:
        """Take in a warm-up that succeeded; a version that is not loading is passed over."""
        with self._lock:
            if id in self._loading:
                self._warmup_s[id] = seconds

    def _memory_bytes(self) -> dict[ServableId, int]:
        """Return what each version that is loaded, or being so, is taken to occupy, on all devices together."""
        return {id: _memory(estimate) for id, estimate in self._estimates().items()}

    def snapshot(self) -> list[MetricFamily]:
        """Return them."""
        with self._lock:
            warmups = dict(self._warmup_s)
        return [
            self._loads.snapshot(),
            _gauge("salver_model_load_seconds", self._load_times().items()),
            _gauge("salver_model_warmup_seconds", warmups.items()),
            _gauge("salver_model_memory_bytes", self._memory_bytes().items()),
        ]


def _memory(estimate: ResourceAllocation) -> int:
    return sum(quantity for resource, quantity in estimate.items() if resource.kind == RAM_IN_BYTES)


def _gauge(name: str, values: Iterable[tuple[ServableId, float]]) -> MetricFamily:
    return MetricFamily(
        name, "gauge", _LABELS, tuple(Series((id.name, str(id.version)), value) for id, value in values)
    )
