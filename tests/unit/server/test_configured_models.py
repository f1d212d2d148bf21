import logging
import threading
from dataclasses import replace

import pytest

from salver.config import ModelConfig, ServerConfig
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnavailableError,
    UnknownError,
)
from salver.server.configured_models import ConfiguredModels
from salver.server.model_waits import ModelWaits


def model(name):
    return ModelConfig(name=name, base_path=f"/models/{name}")


A, B = model("a"), model("b")


class Followed:
    """Refuses model `bad`, and keeps what it is to follow; `act` stands for what the life cycle does then."""

    def __init__(self):
        self.changes = []
        self.act = lambda: None

    def check(self, models, before):
        del before
        if any(one.name == "bad" for one in models):
            raise InvalidArgumentError("bad is bad")

    def follow(self, change, writer):
        self.changes.append((change.before.models, change.after.models, writer))
        self.act()


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def followed():
    return Followed()


@pytest.fixture
def waits(bus):
    return ModelWaits(bus, ServableStateMonitor(bus))


@pytest.fixture
def configured(waits, followed):
    config = ServerConfig(models=(A,))
    made = ConfiguredModels(config, ["of_program"], waits, check=followed.check, follow=followed.follow)
    made.begin(config.models)
    made.take_changes()
    return made


def test_names_are_known_before_the_list_is_in_force(bus, followed):
    waits = ModelWaits(bus, ServableStateMonitor(bus))
    config = ServerConfig(models=(A,))
    configured = ConfiguredModels(config, ["of_program"], waits, check=followed.check, follow=followed.follow)
    assert configured.names == {"a", "of_program"}
    assert configured.models == ()


def test_first_list_is_left_to_its_caller_to_follow(configured, followed):
    assert (configured.models, configured.writer) == ((A,), "the start")
    assert followed.changes == []


def test_base_path_is_that_of_a_configured_model(configured):
    assert configured.base_path_of("a") == "/models/a"
    assert configured.base_path_of("of_program") is None


def test_list_is_in_force_before_it_is_followed(configured, followed):
    seen = []
    followed.act = lambda: seen.append((configured.models, configured.names, configured.writer))
    configured.replace([B], writer="me")
    assert seen == [((B,), {"b", "of_program"}, "me")]
    assert followed.changes == [((A,), (B,), "me")]


def test_change_is_told_in_the_log_with_who_it_was_and_whose_list_it_replaces(configured, caplog):
    caplog.set_level(logging.INFO)
    configured.replace([B], writer="me")
    assert "Models set by me (they were set by the start before): added b; removed a" in caplog.messages


def test_wrong_list_changes_nothing(configured, followed):
    with pytest.raises(InvalidArgumentError, match="bad is bad"):
        configured.replace([B, model("bad")], writer="me")
    assert (configured.models, configured.writer, followed.changes) == ((A,), "the start", [])


def test_server_that_does_not_run_refuses_changes(configured, followed):
    configured.refuse_changes()
    for change in (
        lambda: configured.replace([B], writer="me"),
        lambda: configured.apply([B], None),
        lambda: configured.change(lambda models: models, writer="me"),
    ):
        with pytest.raises(FailedPreconditionError, match="starting or stopping"):
            change()
    assert followed.changes == []


class TestChange:
    def test_edit_makes_the_next_list_of_the_present_one(self, configured):
        done = configured.change(lambda models: (*models, B), writer="me")
        assert (done.before.models, done.after.models) == ((A,), (A, B))
        assert configured.in_force == done.after

    def test_dry_run_checks_and_changes_nothing(self, configured, followed):
        done = configured.change(lambda models: (*models, B), writer="me", is_dry_run=True)
        assert done.after.models == (A, B)
        with pytest.raises(InvalidArgumentError):
            configured.change(lambda models: (*models, model("bad")), writer="me", is_dry_run=True)
        assert (configured.models, followed.changes) == ((A,), [])

    def test_edit_that_changes_nothing_is_not_followed(self, configured, followed):
        configured.change(lambda models: [replace(one) for one in models], writer="me")
        assert (configured.writer, followed.changes) == ("the start", [])

    def test_who_looks_at_the_present_list_may_refuse(self, configured, followed):
        def refuse(present):
            raise FailedPreconditionError(f"not {present.etag}")

        with pytest.raises(FailedPreconditionError, match=f"not {configured.in_force.etag}"):
            configured.change(lambda _: [B], writer="me", on_present=refuse)
        assert followed.changes == []

    def test_changes_take_turns(self, configured):
        other = threading.Thread(target=configured.replace, args=([],), kwargs={"writer": "another"})

        def edit(models):
            other.start()
            return (*models, B)

        done = configured.change(edit, writer="me")
        assert done.before.models == (A,)
        other.join(10)
        assert (configured.models, configured.writer) == ((), "another")


class TestApply:
    def publish(self, bus, name, state, error=None):
        bus.publish(ServableState(ServableId(name, 1), state, error))

    def test_returns_when_its_new_models_are_available(self, configured, followed, bus):
        followed.act = lambda: self.publish(bus, "b", ManagerState.AVAILABLE)
        configured.apply([A, B], 10)
        assert configured.models == (A, B)

    def test_does_not_wait_for_models_that_were_there(self, configured):
        configured.apply([A], 0)

    def test_new_model_that_fails_is_told_and_the_list_stays_in_force(self, configured, followed, bus):
        followed.act = lambda: self.publish(bus, "b", ManagerState.END, InvalidArgumentError("no model"))
        with pytest.raises(UnknownError, match="no model"):
            configured.apply([A, B], 10)
        assert configured.models == (A, B)

    def test_wait_has_a_limit(self, configured):
        with pytest.raises(DeadlineExceededError, match="b"):
            configured.apply([A, B], 0)


def test_a_start_that_ends_late_does_not_open_what_a_stop_has_closed(configured):
    configured.refuse_changes()
    configured.take_changes()
    with pytest.raises(FailedPreconditionError, match="starting or stopping"):
        configured.apply([A, B], None)
    assert configured.models == (A,)


def test_a_change_that_a_stop_overtakes_does_not_wait(configured, followed, waits):
    followed.act = lambda: waits.end(UnavailableError("the server is stopping"))
    with pytest.raises(UnknownError, match="the server is stopping"):
        configured.apply([A, B], None)


def test_who_comes_to_wait_after_the_end_does_not(configured, waits):
    waits.end(UnavailableError("the server is stopping"))
    with pytest.raises(UnknownError, match="the server is stopping"):
        configured.apply([A, B], None)
