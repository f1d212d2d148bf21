import pytest

from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import NotFoundError, UnknownError
from salver.server.model_reasons import ModelReasons
from salver.server.serving_table import DataPlaneServingTable
from salver.testing.fake_dataplane import FakeDataPlane


class Kit:
    def __init__(self):
        self.bus = EventBus()
        self.monitor = ServableStateMonitor(self.bus)
        self.plane = FakeDataPlane()
        self.wanted = {"m"}
        table = DataPlaneServingTable(self.plane)
        self.reasons = ModelReasons(self.monitor, table, lambda: self.wanted)

    def state(self, version, state, error=None):
        self.bus.publish(ServableState(ServableId("m", version), state, error))

    def told(self):
        self.reasons.update(["m"])
        row = self.plane.rows.get("m")
        return None if row is None or row.unavailable is None else row.unavailable[1]


@pytest.fixture
def kit():
    return Kit()


def test_model_of_which_nothing_is_known_is_not_loaded_yet(kit):
    assert kit.told() == "Model m is not available: not loaded yet"
    kit.monitor.report_source("m", NotFoundError("its base path has no version"))
    assert kit.told() == "Model m is not available: its base path has no version"


def test_highest_version_is_the_reason(kit):
    kit.state(1, ManagerState.END)
    kit.state(2, ManagerState.END, UnknownError("the graph is broken"))
    assert kit.told() == "Model m is not available: version 2 is in state END (the graph is broken)"
    kit.state(3, ManagerState.LOADING)
    assert kit.told() == "Model m is not available: version 3 is in state LOADING"


def test_model_that_serves_or_should_not_has_no_reason(kit):
    kit.state(1, ManagerState.AVAILABLE)
    kit.state(2, ManagerState.LOADING)
    assert kit.reasons.is_available("m")
    assert kit.told() is None
    kit.state(1, ManagerState.UNLOADING)
    assert kit.told() is not None
    kit.wanted = set()
    assert kit.told() is None
