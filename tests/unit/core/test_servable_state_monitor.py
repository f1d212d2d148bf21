import threading

import pytest

from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.servable_state_table import ServableStateAndTime
from salver.errors import CancelledError, InternalError, NotFoundError

START, LOADING, AVAILABLE, UNLOADING, END = ManagerState
BROKEN = InternalError("broken")
MISSING = NotFoundError("The base path of servable model does not exist")


class Bus(EventBus[ServableState]):
    """A bus on which events are numbered by their time, 1, 2, 3, ..."""

    def __init__(self):
        self.time_s = 0.0
        super().__init__(clock=lambda: self.time_s)

    def send(self, name, version, *states, error=None):
        """Publish states of a version; the error goes with the last."""
        for state in states:
            self.time_s += 1.0
            failure = error if state is states[-1] else None
            self.publish(ServableState(ServableId(name, version), state, failure))


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def monitor(bus):
    return ServableStateMonitor(bus)


def state(name, version, manager_state, error=None):
    return ServableState(ServableId(name, version), manager_state, error)


def at(time_s, *args):
    return ServableStateAndTime(state(*args), time_s)


class Decision:
    """Records the calls of a callback."""

    def __init__(self):
        self.calls = []

    def __call__(self, *args):
        self.calls.append(args)


# --- Queries


def test_knows_nothing_at_first(monitor):
    assert monitor.get_state(ServableId("model", 1)) is None
    assert monitor.get_state_and_time(ServableId("model", 1)) is None
    assert monitor.get_version_states("model") == {}
    assert monitor.get_all_servable_states() == {}
    assert monitor.get_live_servable_states() == {}
    assert monitor.get_available_servable_names() == set()
    assert monitor.get_bounded_log() == []


def test_keeps_the_last_state_of_each_version(bus, monitor):
    bus.send("a", 1, START, LOADING)
    bus.send("b", 1, START)
    bus.send("a", 1, AVAILABLE)
    assert monitor.get_state(ServableId("a", 1)) == state("a", 1, AVAILABLE)
    assert monitor.get_state_and_time(ServableId("a", 1)) == at(4.0, "a", 1, AVAILABLE)
    assert monitor.get_all_servable_states() == {"a": {1: at(4.0, "a", 1, AVAILABLE)}, "b": {1: at(3.0, "b", 1, START)}}


def test_sees_only_events_after_its_construction(bus):
    bus.send("model", 1, START)
    assert ServableStateMonitor(bus).get_all_servable_states() == {}


def test_closed_monitor_sees_nothing_more(bus, monitor):
    monitor.close()
    monitor.close()
    bus.send("model", 1, START)
    assert monitor.get_all_servable_states() == {}


def test_version_states_come_highest_first(bus, monitor):
    for version in (2, 7, 5):
        bus.send("model", version, START)
    assert list(monitor.get_version_states("model")) == [7, 5, 2]
    assert list(monitor.get_all_servable_states()["model"]) == [7, 5, 2]
    assert monitor.get_version_states("other") == {}


def test_live_states_leave_out_what_has_ended(bus, monitor):
    bus.send("a", 1, AVAILABLE, UNLOADING, END)
    bus.send("a", 2, UNLOADING)
    bus.send("b", 1, END, error=BROKEN)
    assert monitor.get_live_servable_states() == {"a": {2: at(4.0, "a", 2, UNLOADING)}}
    assert set(monitor.get_all_servable_states()) == {"a", "b"}


def test_versions_are_counted_by_state(bus, monitor):
    bus.send("a", 1, AVAILABLE)
    bus.send("a", 2, LOADING)
    bus.send("b", 1, AVAILABLE)
    assert monitor.count_versions() == {AVAILABLE: 2, LOADING: 1}


def test_available_names_have_at_least_one_available_version(bus, monitor):
    bus.send("a", 1, AVAILABLE)
    bus.send("a", 2, LOADING)
    bus.send("b", 1, AVAILABLE, UNLOADING)
    assert monitor.get_available_servable_names() == {"a"}


def test_bounded_log_keeps_the_latest_events_oldest_first(bus):
    monitor = ServableStateMonitor(bus, max_count_log_events=3)
    bus.send("model", 1, START, LOADING, AVAILABLE, UNLOADING)
    expected = [at(2.0, "model", 1, LOADING), at(3.0, "model", 1, AVAILABLE), at(4.0, "model", 1, UNLOADING)]
    assert monitor.get_bounded_log() == expected


def test_log_is_off_by_default(bus, monitor):
    bus.send("model", 1, START)
    assert monitor.get_bounded_log() == []


def test_forgets_unloaded_versions_only(bus, monitor):
    bus.send("a", 1, END, error=BROKEN)
    bus.send("a", 2, AVAILABLE)
    bus.send("b", 1, END)
    monitor.forget_unloaded_servable_states()
    assert monitor.get_all_servable_states() == {"a": {2: at(2.0, "a", 2, AVAILABLE)}}
    bus.send("a", 1, START)
    assert monitor.get_state(ServableId("a", 1)).error is None


class TestBounds:
    def test_highest_of_the_versions_that_ended_are_kept(self, bus):
        monitor = ServableStateMonitor(bus, max_ended_versions=2)
        for version in (1, 2, 3, 4):
            bus.send("a", version, AVAILABLE, END)
        bus.send("a", 5, AVAILABLE)
        assert list(monitor.get_version_states("a")) == [5, 4, 3]

    def test_live_versions_do_not_count(self, bus):
        monitor = ServableStateMonitor(bus, max_ended_versions=1)
        for version in (1, 2, 3):
            bus.send("a", version, AVAILABLE)
        bus.send("a", 4, END)
        assert list(monitor.get_version_states("a")) == [4, 3, 2, 1]

    def test_end_of_a_version_is_told_however_low_it_is(self, bus):
        monitor = ServableStateMonitor(bus, max_ended_versions=1)
        bus.send("a", 2, END)
        reached = []
        monitor.notify_when_servables_reach_state(
            [ServableRequest.specific("a", 1)], AVAILABLE, lambda ok, states: reached.append((ok, states))
        )
        bus.send("a", 1, LOADING, END, error=BROKEN)
        assert [ok for ok, _ in reached] == [False]
        assert list(monitor.get_version_states("a")) == [1]

    def test_failure_goes_with_its_version(self, bus):
        monitor = ServableStateMonitor(bus, max_ended_versions=1)
        bus.send("a", 1, END, error=BROKEN)
        bus.send("a", 2, AVAILABLE, END)
        bus.send("a", 1, START)
        assert monitor.get_state(ServableId("a", 1)).error is None

    def test_stream_is_forgotten_once_all_of_it_has_ended(self, bus, monitor):
        monitor.report_source("a", BROKEN)
        bus.send("a", 1, END, error=BROKEN)
        bus.send("a", 2, UNLOADING)
        bus.send("b", 1, END)
        assert not monitor.forget_stream("a")
        assert (list(monitor.get_version_states("a")), monitor.get_source_error("a")) == ([2], None)
        bus.send("a", 2, END)
        assert monitor.forget_stream("a")
        assert set(monitor.get_all_servable_states()) == {"b"}
        assert monitor.forget_stream("never seen")


# --- Notifications


def test_notifies_of_every_event_after_the_tables_are_updated(bus, monitor):
    seen = []
    monitor.notify(lambda found: seen.append((found, monitor.get_state_and_time(found.state.id))))
    bus.send("model", 1, START, LOADING)
    assert seen == [
        (at(1.0, "model", 1, START), at(1.0, "model", 1, START)),
        (at(2.0, "model", 1, LOADING), at(2.0, "model", 1, LOADING)),
    ]


def test_failing_callback_is_logged_and_hurts_nobody(bus, monitor, caplog):
    seen = []
    monitor.notify(lambda _: 1 / 0)
    monitor.notify(seen.append)
    bus.send("model", 1, START)
    assert len(seen) == 1
    assert "ZeroDivisionError" in caplog.text


def test_no_requests_are_decided_at_once(monitor):
    decision = Decision()
    monitor.notify_when_servables_reach_state([], AVAILABLE, decision)
    assert decision.calls == [(True, {})]


def test_is_evaluated_at_once_on_what_is_known(bus, monitor):
    bus.send("model", 1, AVAILABLE)
    decision = Decision()
    monitor.notify_when_servables_reach_state([ServableRequest.latest("model")], AVAILABLE, decision)
    assert decision.calls == [(True, {ServableId("model", 1): state("model", 1, AVAILABLE)})]


REQUEST_CASES = {
    "specific available": (ServableRequest.specific("m", 1), [(1, LOADING), (1, AVAILABLE)], (True, 1)),
    "specific failed": (ServableRequest.specific("m", 1), [(1, LOADING), (1, END)], (False, 1)),
    "specific undecided by others": (ServableRequest.specific("m", 1), [(2, AVAILABLE), (3, END)], None),
    "latest available": (ServableRequest.latest("m"), [(1, LOADING), (1, AVAILABLE)], (True, 1)),
    "latest failed": (ServableRequest.latest("m"), [(1, LOADING), (1, END)], (False, 1)),
    "latest: nothing known": (ServableRequest.latest("m"), [], None),
    "latest: another stream": (ServableRequest.latest("other"), [(1, AVAILABLE)], None),
    "latest: lower one serves while the higher loads": (
        ServableRequest.latest("m"),
        [(2, LOADING), (1, AVAILABLE)],
        (True, 1),
    ),
    "latest: highest failed before the lower one serves": (
        ServableRequest.latest("m"),
        [(1, LOADING), (2, END), (1, AVAILABLE)],
        (False, 2),
    ),
    "earliest looks from the highest down, too": (
        ServableRequest.earliest("m"),
        [(1, LOADING), (2, AVAILABLE)],
        (True, 2),
    ),
}


@pytest.mark.parametrize(("request_", "events", "expected"), REQUEST_CASES.values(), ids=REQUEST_CASES)
def test_request_is_decided_by(bus, monitor, request_, events, expected):
    decision = Decision()
    monitor.notify_when_servables_reach_state([request_], AVAILABLE, decision)
    for version, manager_state in events:
        bus.send("m", version, manager_state, error=BROKEN if manager_state is END else None)
    if expected is None:
        assert decision.calls == []
    else:
        reached_all, version = expected
        manager_state = AVAILABLE if reached_all else END
        error = None if reached_all else BROKEN
        assert decision.calls == [(reached_all, {ServableId("m", version): state("m", version, manager_state, error)})]


def test_several_requests_are_decided_together(bus, monitor):
    decision = Decision()
    requests = [ServableRequest.specific("a", 1), ServableRequest.specific("a", 2), ServableRequest.latest("b")]
    monitor.notify_when_servables_reach_state(requests, AVAILABLE, decision)
    bus.send("a", 1, AVAILABLE)
    bus.send("b", 3, END, error=BROKEN)
    assert decision.calls == []
    bus.send("a", 2, AVAILABLE)
    assert decision.calls == [
        (
            False,
            {
                ServableId("a", 1): state("a", 1, AVAILABLE),
                ServableId("a", 2): state("a", 2, AVAILABLE),
                ServableId("b", 3): state("b", 3, END, BROKEN),
            },
        )
    ]


def test_is_taken_back_while_others_are_open(bus, monitor):
    decision = Decision()
    requests = [ServableRequest.specific("a", 1), ServableRequest.specific("b", 1)]
    monitor.notify_when_servables_reach_state(requests, AVAILABLE, decision)
    bus.send("a", 1, AVAILABLE, UNLOADING)
    bus.send("b", 1, AVAILABLE)
    assert decision.calls == []
    bus.send("a", 1, END)
    assert [reached_all for reached_all, _ in decision.calls] == [False]


def test_unloading_can_be_waited_for(bus, monitor):
    decision = Decision()
    monitor.notify_when_servables_reach_state([ServableRequest.specific("m", 1)], END, decision)
    bus.send("m", 1, AVAILABLE, UNLOADING, END)
    assert decision.calls == [(True, {ServableId("m", 1): state("m", 1, END)})]


def test_notifies_only_once(bus, monitor):
    decision = Decision()
    monitor.notify_when_servables_reach_state([ServableRequest.latest("m")], AVAILABLE, decision)
    bus.send("m", 1, AVAILABLE, UNLOADING, END)
    bus.send("m", 2, AVAILABLE)
    assert len(decision.calls) == 1


def test_cancelled_notification_never_comes(bus, monitor):
    decision = Decision()
    pending = monitor.notify_when_servables_reach_state([ServableRequest.latest("m")], AVAILABLE, decision)
    pending.cancel()
    pending.cancel()
    bus.send("m", 1, AVAILABLE)
    assert decision.calls == []


def test_callback_may_ask_the_monitor_and_register_again(bus, monitor):
    seen = []

    def on_decided(reached_all, states):
        seen.append(monitor.get_available_servable_names())
        monitor.notify_when_servables_reach_state(
            [ServableRequest.specific("m", 1)], END, lambda *_: seen.append("ended")
        )

    monitor.notify_when_servables_reach_state([ServableRequest.latest("m")], AVAILABLE, on_decided)
    bus.send("m", 1, AVAILABLE, UNLOADING, END)
    assert seen == [{"m"}, "ended"]


# --- Waiting


def test_wait_blocks_until_another_thread_publishes(bus, monitor):
    publisher = threading.Thread(target=bus.send, args=("m", 1, START, LOADING, AVAILABLE))
    publisher.start()
    reached, states = monitor.wait_until_servables_reach_state([ServableRequest.latest("m")], AVAILABLE, None)
    publisher.join(10)
    assert (reached, states) == (True, {ServableId("m", 1): state("m", 1, AVAILABLE)})


def test_timed_out_wait_gives_no_states_and_leaves_nothing_registered(bus, monitor):
    request = ServableRequest.latest("m")
    assert monitor.wait_until_servables_reach_state([request], AVAILABLE, 0.0) == (False, {})
    assert monitor._waits == []
    bus.send("m", 1, AVAILABLE)
    assert monitor.wait_until_servables_reach_state([request], AVAILABLE, 0.0)[0]


# --- Available, or failed once


def outcomes(monitor, *names):
    """What is decided now."""
    return monitor.wait_until_available_or_failed(names, 0.0)


def test_model_is_decided_when_available(bus, monitor):
    bus.send("m", 1, START, LOADING)
    assert outcomes(monitor, "m") == {}
    bus.send("m", 1, AVAILABLE)
    assert outcomes(monitor, "m") == {"m": None}


def test_no_models_are_decided_at_once(monitor):
    decision = Decision()
    monitor.notify_when_available_or_failed([], decision)
    assert decision.calls == [({},)]


def test_model_is_decided_by_its_first_failure_even_while_it_is_retried(bus, monitor):
    bus.send("m", 1, START, LOADING, END, error=BROKEN)
    bus.send("m", 1, START, LOADING)
    assert outcomes(monitor, "m") == {"m": BROKEN}


def test_version_that_is_tried_again_keeps_the_error_of_its_last_try(bus, monitor):
    bus.send("m", 1, LOADING, END, error=BROKEN)
    bus.send("m", 1, START, LOADING, END, error=MISSING)
    bus.send("m", 1, START)
    assert monitor.get_state(ServableId("m", 1)) == ServableState(ServableId("m", 1), START, MISSING)
    bus.send("m", 1, LOADING)
    assert monitor.get_version_states("m")[1].state.error == MISSING


def test_failure_reported_while_loading_decides(bus, monitor):
    bus.send("m", 1, START, LOADING)
    bus.send("m", 1, LOADING, error=BROKEN)
    assert outcomes(monitor, "m") == {"m": BROKEN}


def test_success_after_a_retry_wipes_out_the_failure(bus, monitor):
    bus.send("m", 1, LOADING, END, error=BROKEN)
    bus.send("m", 1, LOADING, AVAILABLE)
    assert monitor.get_state(ServableId("m", 1)).error is None
    assert outcomes(monitor, "m") == {"m": None}


def test_failed_version_does_not_decide_while_another_is_on_its_first_way(bus, monitor):
    bus.send("m", 1, START, LOADING)
    bus.send("m", 2, START, LOADING, END, error=BROKEN)
    assert outcomes(monitor, "m") == {}
    bus.send("m", 1, AVAILABLE)
    assert outcomes(monitor, "m") == {"m": None}


def test_model_is_available_only_when_each_version_that_it_began_with_is_decided(bus, monitor):
    for version in (1, 2, 3):
        bus.send("m", version, START)
    bus.send("m", 1, LOADING, AVAILABLE)
    assert outcomes(monitor, "m") == {}
    bus.send("m", 2, LOADING, END, error=BROKEN)
    assert outcomes(monitor, "m") == {}
    bus.send("m", 3, LOADING, AVAILABLE)
    assert outcomes(monitor, "m") == {"m": None}


def test_version_of_the_beginning_that_is_given_up_is_not_waited_for(bus, monitor):
    bus.send("m", 1, START)
    bus.send("m", 2, START, LOADING)
    bus.send("m", 1, LOADING, AVAILABLE)
    bus.send("m", 2, END, error=CancelledError("given up"))
    assert outcomes(monitor, "m") == {"m": None}


def test_version_that_comes_later_is_not_waited_for(bus, monitor):
    bus.send("m", 1, START, LOADING)
    bus.send("m", 2, START, LOADING)
    bus.send("m", 1, AVAILABLE)
    assert outcomes(monitor, "m") == {"m": None}


def test_stream_that_had_ended_begins_anew(bus, monitor):
    bus.send("m", 1, START, LOADING, AVAILABLE, END)
    bus.send("m", 2, START)
    bus.send("m", 3, START, LOADING)
    bus.send("m", 2, LOADING, AVAILABLE)
    assert outcomes(monitor, "m") == {}
    bus.send("m", 3, AVAILABLE)
    assert outcomes(monitor, "m") == {"m": None}


def test_version_of_the_beginning_that_went_and_came_again_is_not_waited_for(bus, monitor):
    bus.send("m", 1, START)
    bus.send("m", 2, START, LOADING, AVAILABLE)
    bus.send("m", 1, LOADING, AVAILABLE, END)
    bus.send("m", 1, START, LOADING)
    assert outcomes(monitor, "m") == {"m": None}


def test_stream_begins_anew_while_its_old_versions_unload(bus, monitor):
    bus.send("m", 1, UNLOADING)
    bus.send("m", 2, START)
    bus.send("m", 3, START, LOADING, AVAILABLE)
    assert outcomes(monitor, "m") == {}


def test_failures_that_are_forgotten_count_no_longer(bus, monitor):
    bus.send("m", 1, LOADING, END, error=BROKEN)
    monitor.forget_failures("m")
    assert monitor.get_state(ServableId("m", 1)).error == BROKEN
    bus.send("m", 1, START, LOADING)
    assert monitor.get_state(ServableId("m", 1)).error is None
    assert outcomes(monitor, "m") == {}


def test_waits_that_were_ended_stay_so(bus, monitor):
    bus.send("there", 1, AVAILABLE)
    monitor.end_waits(BROKEN)
    assert outcomes(monitor, "there", "m") == {"there": None, "m": BROKEN}


def test_cancelled_load_is_no_failure(bus, monitor):
    bus.send("m", 1, LOADING, END, error=CancelledError("given up"))
    assert outcomes(monitor, "m") == {}


def test_source_error_decides_a_model_without_versions(monitor):
    monitor.report_source("model", MISSING)
    assert monitor.get_source_error("model") == MISSING
    assert outcomes(monitor, "model") == {"model": MISSING}
    monitor.report_source("model", None)
    assert monitor.get_source_error("model") is None
    assert outcomes(monitor, "model") == {}


def test_source_error_does_not_decide_while_a_version_loads(bus, monitor):
    bus.send("model", 1, START)
    monitor.report_source("model", MISSING)
    assert outcomes(monitor, "model") == {}
    bus.send("model", 1, AVAILABLE)
    assert outcomes(monitor, "model") == {"model": None}


def test_one_bad_model_does_not_hold_up_the_others(bus, monitor):
    decision = Decision()
    monitor.notify_when_available_or_failed(["good", "bad", "missing"], decision)
    monitor.report_source("missing", MISSING)
    bus.send("bad", 1, LOADING, END, error=BROKEN)
    bus.send("bad", 1, LOADING)
    assert decision.calls == []
    bus.send("good", 1, LOADING, AVAILABLE)
    assert decision.calls == [({"good": None, "bad": BROKEN, "missing": MISSING},)]


def test_timed_out_outcome_wait_tells_what_is_decided_and_leaves_nothing_registered(bus, monitor):
    bus.send("good", 1, AVAILABLE)
    assert outcomes(monitor, "good", "slow") == {"good": None}
    assert monitor._waits == []
