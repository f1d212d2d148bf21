"""The metrics of a server, gathered."""

from __future__ import annotations

from salver.boundary import MetricFamily, Series
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.server.all_metrics import AllMetrics
from salver.server.metrics import Metrics
from salver.server.version_metrics import VersionMetrics
from salver.testing.fake_dataplane import FakeDataPlane


def gathered(*states, plane=None, metrics=None):
    bus = EventBus()
    monitor = ServableStateMonitor(bus)
    for version, state in enumerate(states):
        bus.publish(ServableState(ServableId("m", version), state))
    return AllMetrics(plane or FakeDataPlane(), metrics or Metrics(), monitor, VersionMetrics(dict, dict))


def test_metrics_of_every_source_are_there():
    plane, metrics = FakeDataPlane(), Metrics()
    plane.families = [MetricFamily("/plane", "counter", (), (Series((), 2),))]
    metrics.request_log_count.add(3, model_name="m", status_code="OK")

    found = gathered(plane=plane, metrics=metrics)

    assert {"/plane", "/tensorflow/serving/model_warmup_latency", "salver_versions"} <= {f.name for f in found()}
    values = found.first_values()
    assert (values["/plane"], values["/tensorflow/serving/request_log_count"]) == (2, 3)


def test_versions_are_counted_by_state_and_those_that_ended_are_not():
    states = [ManagerState.AVAILABLE, ManagerState.AVAILABLE, ManagerState.LOADING, ManagerState.END]

    (versions,) = (family for family in gathered(*states)() if family.name == "salver_versions")

    assert {series.labels: series.value for series in versions.series} == {
        ("start",): 0,
        ("loading",): 1,
        ("available",): 2,
        ("unloading",): 0,
    }
