"""All metrics of a server, from wherever they are kept."""

from __future__ import annotations

from salver.boundary import DataPlane, MetricFamily, Series
from salver.core.servable_state import ManagerState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.server.metrics import Metrics
from salver.server.metrics_page import first_value
from salver.server.version_metrics import VersionMetrics

_LIVE_STATES = (ManagerState.START, ManagerState.LOADING, ManagerState.AVAILABLE, ManagerState.UNLOADING)


class AllMetrics:
    """What the data plane, the server and the life cycle of its versions have to tell. Thread-safe."""

    def __init__(
        self, plane: DataPlane, metrics: Metrics, monitor: ServableStateMonitor, versions: VersionMetrics
    ) -> None:
        self._plane = plane
        self._metrics = metrics
        self._monitor = monitor
        self._version_metrics = versions

    def __call__(self) -> list[MetricFamily]:
        """Return the metrics of now, in no order."""
        own = [*self._metrics.snapshot(), *self._version_metrics.snapshot(), self._versions()]
        return [*self._plane.metrics(), *own]

    def first_values(self) -> dict[str, int]:
        """Return the value of the first series of each metric, by internal name."""
        return {family.name: first_value(family) for family in self()}

    def _versions(self) -> MetricFamily:
        counts = self._monitor.count_versions()
        series = tuple(Series((state.name.lower(),), counts[state]) for state in _LIVE_STATES)
        return MetricFamily("salver_versions", "gauge", ("state",), series)
