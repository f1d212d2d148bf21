import json

import pytest

from salver import wire
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import InvalidArgumentError, NotFoundError, UnknownError
from salver.server.model_status import ModelStatus
from salver.server.rest_routes import ModelRef


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def monitor(bus):
    return ServableStateMonitor(bus)


@pytest.fixture
def status(monitor):
    return ModelStatus(monitor)


def publish(bus, version, state, error=None):
    bus.publish(ServableState(ServableId("m", version), state, error))


def ask(status, **spec):
    request = wire.GetModelStatusRequest(model_spec=wire.ModelSpec(**spec))
    answer = wire.GetModelStatusResponse.FromString(status.grpc(request.SerializeToString()))
    return [(found.version, found.state, found.status.error_code) for found in answer.model_version_status]


def test_all_versions_are_listed_highest_first_with_ended_ones(bus, status):
    publish(bus, 1, ManagerState.END)
    publish(bus, 3, ManagerState.LOADING)
    publish(bus, 2, ManagerState.AVAILABLE)
    assert ask(status, name="m") == [(3, 20, 0), (2, 30, 0), (1, 50, 0)]


def test_one_version_is_listed_alone(bus, status):
    publish(bus, 1, ManagerState.AVAILABLE)
    publish(bus, 2, ManagerState.AVAILABLE)
    assert ask(status, name="m", version={"value": 1}) == [(1, 30, 0)]


def test_label_is_ignored(bus, status):
    publish(bus, 1, ManagerState.AVAILABLE)
    assert ask(status, name="m", version_label="nobody knows it") == [(1, 30, 0)]


def test_failed_version_carries_its_error(bus, status):
    publish(bus, 1, ManagerState.END, UnknownError("broken"))
    assert ask(status, name="m") == [(1, 50, 2)]


def test_failed_version_carries_its_error_while_it_is_tried_again(bus, status):
    publish(bus, 1, ManagerState.END, UnknownError("broken"))
    publish(bus, 1, ManagerState.START)
    assert ask(status, name="m") == [(1, 10, 2)]
    publish(bus, 1, ManagerState.LOADING)
    assert ask(status, name="m") == [(1, 20, 2)]
    publish(bus, 1, ManagerState.AVAILABLE)
    assert ask(status, name="m") == [(1, 30, 0)]


def test_missing_spec_is_an_invalid_argument(status):
    with pytest.raises(InvalidArgumentError, match="Missing ModelSpec"):
        status.grpc(b"")


def test_garbage_is_an_invalid_argument(status):
    with pytest.raises(InvalidArgumentError, match="not a valid GetModelStatusRequest"):
        status.grpc(b"\xff\xff")


def test_unknown_model_and_version_are_not_found(bus, status):
    with pytest.raises(NotFoundError, match="Could not find any versions of model m"):
        ask(status, name="m")
    publish(bus, 1, ManagerState.AVAILABLE)
    with pytest.raises(NotFoundError, match="Could not find version 7 of model m"):
        ask(status, name="m", version={"value": 7})


def test_model_whose_source_finds_nothing_tells_why(monitor, status):
    monitor.report_source("m", NotFoundError("The base path of servable m does not exist"))
    with pytest.raises(NotFoundError, match="versions of model m: The base path of servable m does not exist"):
        ask(status, name="m")


def test_rest_answer_has_the_form_of_the_protocol(bus, status):
    publish(bus, 123, ManagerState.AVAILABLE)
    response = status.rest(ModelRef("m"))
    assert response.status == 200
    assert json.loads(response.body) == {
        "model_version_status": [
            {"version": "123", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ]
    }
