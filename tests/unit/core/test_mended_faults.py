"""Faults of the reference system's core that this one does not have; each test is named after what holds here."""

import queue
import threading

import pytest

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.testing.fake_loader import FakeLoader
from salver.testing.fake_serving_table import FakeServingTable
from salver.testing.state_recorder import StateRecorder

TIMEOUT_S = 10
START, LOADING, AVAILABLE, UNLOADING, END = ManagerState


class Running:
    """A started manager with threads."""

    def __init__(self, **options) -> None:
        bus = EventBus[ServableState]()
        self.recorder = StateRecorder(bus)
        options = {"num_load_threads": 2, "num_unload_threads": 1, **options}
        self.manager = AspiredVersionsManager(AspiredVersionsManagerOptions(event_bus=bus, **options))
        self.manager.start()
        self.emit = self.manager.get_aspired_versions_callback()

    def aspire(self, name: str, *versions: int, loader: FakeLoader | None = None) -> None:
        self.emit(name, [ServableData(ServableId(name, version), loader or FakeLoader(name)) for version in versions])

    def wait_for(self, name: str, version: int, state: ManagerState) -> ServableState:
        return self.recorder.wait_for(ServableId(name, version), state)


@pytest.fixture
def running():
    running = Running()
    yield running
    running.manager.close()


def test_a_handle_held_for_long_delays_no_load_or_unload_of_another_model(running):
    for name in ("held", "other"):
        running.aspire(name, 1)
        running.wait_for(name, 1, AVAILABLE)
    handle = running.manager.get_servable_handle(ServableRequest.latest("held"))
    running.aspire("held")
    running.wait_for("held", 1, UNLOADING)
    running.aspire("other", 2)
    running.wait_for("other", 2, AVAILABLE)
    running.wait_for("other", 1, END)  # with one unload thread
    running.aspire("third", 1)
    running.wait_for("third", 1, AVAILABLE)
    assert running.recorder.states(ServableId("held", 1))[-1] is UNLOADING
    handle.release()
    running.wait_for("held", 1, END)


def test_a_handle_of_one_version_delays_no_other_version_of_its_model(running):
    running.aspire("m", 1)
    running.wait_for("m", 1, AVAILABLE)
    handle = running.manager.get_servable_handle(ServableRequest.latest("m"))
    running.aspire("m", 2)
    running.wait_for("m", 2, AVAILABLE)
    running.aspire("m", 3)
    running.wait_for("m", 3, AVAILABLE)
    running.wait_for("m", 2, END)
    handle.release()
    running.wait_for("m", 1, END)


def test_a_slow_request_of_the_data_plane_delays_no_load_or_unload_of_another_model():
    table = FakeServingTable()
    running = Running(serving_tables=[table])
    for name in ("slow", "other"):
        running.aspire(name, 1)
        running.wait_for(name, 1, AVAILABLE)
    table.hold(ServableId("slow", 1))
    running.aspire("slow")
    running.wait_for("slow", 1, UNLOADING)
    running.aspire("other", 2)
    running.wait_for("other", 1, END)
    assert running.recorder.states(ServableId("slow", 1))[-1] is UNLOADING
    table.release(ServableId("slow", 1))
    running.wait_for("slow", 1, END)
    running.manager.close()


def test_one_step_begins_every_load_up_to_the_number_of_threads():
    manager = AspiredVersionsManager(AspiredVersionsManagerOptions(num_load_threads=8))
    loaders = [FakeLoader(n) for n in range(8)]
    for n, loader in enumerate(loaders):
        loader.load_gate.clear()
        manager.get_aspired_versions_callback()(f"m{n}", [ServableData(ServableId(f"m{n}", 1), loader)])
    manager.step()
    for loader in loaders:
        assert loader.is_loading.wait(TIMEOUT_S)
    for loader in loaders:
        loader.load_gate.set()
    manager.close()


def test_a_slow_load_delays_no_other_model(running):
    slow = FakeLoader("slow")
    slow.load_gate.clear()
    running.aspire("slow", 1, loader=slow)
    assert slow.is_loading.wait(TIMEOUT_S)
    running.aspire("quick", 1)
    running.wait_for("quick", 1, AVAILABLE)
    running.aspire("quick")
    running.wait_for("quick", 1, END)
    slow.load_gate.set()
    running.wait_for("slow", 1, AVAILABLE)


def test_a_failing_model_that_pauses_between_retries_delays_no_other_model():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    running = Running(retry=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    running.aspire("failing", 1, loader=FakeLoader(num_failures=99))
    assert is_pausing.wait(TIMEOUT_S)
    running.aspire("good", 1)
    running.wait_for("good", 1, AVAILABLE)
    running.manager.close()


def test_dropping_a_version_ends_its_retry_pause_at_once():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    running = Running(retry=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    running.aspire("failing", 1, loader=FakeLoader(num_failures=99))
    assert is_pausing.wait(TIMEOUT_S)
    running.aspire("failing")
    running.wait_for("failing", 1, END)
    running.manager.close()


def test_a_failed_version_is_retried_with_back_off_and_shown_with_its_reason():
    running = Running(
        retry=RetryOptions(max_num_retries=0), failed_version_backoff=Backoff(interval_s=0.001, multiplier=2)
    )
    running.aspire("m", 1, loader=FakeLoader("m", num_failures=3))
    running.wait_for("m", 1, AVAILABLE)
    ends = [event for event in running.recorder.events if event.manager_state is END]
    assert [event.error.message for event in ends] == ["the fake load failed"] * 3
    running.manager.close()


def test_one_bad_model_does_not_hold_back_the_good_ones(running):
    running.aspire("bad", 1, loader=FakeLoader(num_failures=0, servable=None))
    running.aspire("good", 1)
    running.wait_for("good", 1, AVAILABLE)
    assert running.wait_for("bad", 1, END).error is not None


def test_a_request_thread_that_holds_a_handle_may_have_the_manager_load_something(running):
    # In the reference a thread that holds a handle and causes a change of the map deadlocks.
    running.aspire("m", 1)
    running.wait_for("m", 1, AVAILABLE)
    outcome: queue.SimpleQueue[str] = queue.SimpleQueue()

    def work() -> None:
        with running.manager.get_servable_handle(ServableRequest.latest("m")):
            running.aspire("n", 1)
            running.wait_for("n", 1, AVAILABLE)
            running.manager.step()
        outcome.put("done")

    thread = threading.Thread(target=work)
    thread.start()
    assert outcome.get(timeout=TIMEOUT_S) == "done"
    thread.join(TIMEOUT_S)


def test_a_subscriber_may_ask_the_manager_within_an_event(running):
    seen: queue.SimpleQueue[object] = queue.SimpleQueue()
    running.manager._options.event_bus.subscribe(
        lambda event: seen.put(
            (running.manager.get_state_snapshots("m"), running.manager.list_available_servable_ids())
        )
    )
    running.aspire("m", 1)
    running.wait_for("m", 1, AVAILABLE)
    assert not seen.empty()
