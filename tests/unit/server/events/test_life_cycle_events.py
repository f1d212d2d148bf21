import pytest

from salver.admin.change import Difference
from salver.admin.model import Reason
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import InternalError, NotFoundError
from salver.server.events.event_log import EventLog
from salver.server.events.life_cycle_events import LifeCycleEvents


@pytest.fixture
def bus():
    return EventBus(clock=lambda: 7.0)


@pytest.fixture
def log():
    return EventLog(clock=lambda: 0.0)


@pytest.fixture
def events(log, bus):
    return LifeCycleEvents(log, ServableStateMonitor(bus))


def told(log):
    return [{key: value for key, value in event.to_json().items() if key not in {"id", "at"}} for event in log.after(0)]


@pytest.mark.usefixtures("events")
def test_states_of_versions_are_noted_with_their_time_and_reason(log, bus):
    bus.publish(ServableState(ServableId("m", 3), ManagerState.LOADING))
    bus.publish(ServableState(ServableId("m", 3), ManagerState.END, InternalError("broken")))
    assert told(log) == [
        {"type": "state", "model": "m", "version": 3, "state": "LOADING", "reason": None},
        {
            "type": "state",
            "model": "m",
            "version": 3,
            "state": "END",
            "reason": {"code": "INTERNAL", "message": "broken"},
        },
    ]
    assert log.after(0)[0].at == "1970-01-01T00:00:07.000Z"


def test_same_report_of_a_source_is_noted_once(log, events):
    error = NotFoundError("no versions")
    for report in (None, error, error, None, None, error):
        events.source_report("m", report)
    reason = Reason(code="NOT_FOUND", message="no versions")
    assert [event.reason for event in log.after(0)] == [reason, None, reason]


def test_report_on_a_model_that_came_back_is_news(log, events):
    for _ in range(2):
        events.source_report("m", NotFoundError("no versions"))
        events.forget_sources(["m", "other"])
    assert len(log.after(0)) == 2


def test_change_of_models_is_noted_and_a_large_one_cut(log, events):
    diff = [Difference(op="add", path=f"/models/m{number}") for number in range(150)]
    events.models_set("somebody", [], "1-a")
    events.models_set("somebody", diff, "2-b")
    (event,) = log.after(0)
    assert (event.writer, event.etag, event.num_differences, len(event.diff)) == ("somebody", "2-b", 150, 100)


def test_state_of_the_server_is_noted(log, events):
    events.server_state("SERVING")
    assert told(log) == [{"type": "server", "state": "SERVING"}]
