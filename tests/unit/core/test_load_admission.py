import queue
import threading

import pytest

from salver.core.basic_manager import BasicManager
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.manager_options import BasicManagerOptions
from salver.core.resource_tracker import ResourceTracker
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation, ResourceUtil
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import (
    CancelledError,
    InvalidArgumentError,
    ResourceExhaustedError,
    SalverError,
    UnavailableError,
)
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader
from salver.testing.state_recorder import StateRecorder

TIMEOUT_S = 10
START, LOADING, AVAILABLE, UNLOADING, END = ManagerState
A, B, C = (ServableId(name, 1) for name in "abc")

Outcome = queue.SimpleQueue[SalverError | None]


def ram(num_bytes: int) -> ResourceAllocation:
    return ResourceAllocation({Resource(MAIN, RAM_IN_BYTES, 0): num_bytes})


class Kit:
    """A manager with room for 10 bytes and several threads."""

    def __init__(self, num_threads: int = 4, **retry) -> None:
        self.bus = EventBus[ServableState]()
        self.recorder = StateRecorder(self.bus)
        retry = {"max_num_retries": 2, "wait": FakeClock().wait, **retry}
        self.manager = BasicManager(
            BasicManagerOptions(
                resource_tracker=ResourceTracker(ram(10), ResourceUtil({MAIN: 1})),
                num_load_threads=num_threads,
                num_unload_threads=num_threads,
                event_bus=self.bus,
                retry=RetryOptions(**retry),
            )
        )

    def manage(self, id: ServableId, estimate, **loader) -> FakeLoader:
        estimate = ram(estimate) if isinstance(estimate, int) else estimate
        fake = FakeLoader(str(id), estimate=estimate, **loader)
        self.manager.manage_servable(ServableData(id, fake))
        return fake

    def begin_load(self, id: ServableId) -> Outcome:
        outcome: Outcome = queue.SimpleQueue()
        self.manager.load_servable(id, outcome.put)
        return outcome

    def begin_unload(self, id: ServableId) -> Outcome:
        outcome: Outcome = queue.SimpleQueue()
        self.manager.unload_servable(id, outcome.put)
        return outcome

    def load(self, id: ServableId) -> SalverError | None:
        return self.begin_load(id).get(timeout=TIMEOUT_S)


@pytest.fixture
def kit():
    kit = Kit()
    yield kit
    kit.manager.close()


def test_only_as_many_load_as_fit_and_the_next_waits_for_one_to_end(kit):
    first, second = kit.manage(A, 6), kit.manage(B, 6, num_failures=0)
    first_fails = kit.manage(C, 4, num_failures=99)
    first_fails.load_gate.clear()
    first.load_gate.clear()
    outcome_a, outcome_c = kit.begin_load(A), kit.begin_load(C)
    assert first.is_loading.wait(TIMEOUT_S)
    assert first_fails.is_loading.wait(TIMEOUT_S)
    outcome_b = kit.begin_load(B)
    assert not second.is_loading.is_set()
    first_fails.load_gate.set()
    assert outcome_c.get(timeout=TIMEOUT_S) is not None
    assert not second.is_loading.is_set()  # 6 + 6 do not fit
    first.load_gate.set()
    assert outcome_a.get(timeout=TIMEOUT_S) is None
    assert isinstance(outcome_b.get(timeout=TIMEOUT_S), ResourceExhaustedError)


def test_waiting_load_goes_on_when_an_unload_makes_room(kit):
    first, second = kit.manage(A, 6), kit.manage(B, 6)
    assert kit.load(A) is None
    first.unload_gate.clear()
    unloaded = kit.begin_unload(A)
    assert first.is_unloading.wait(TIMEOUT_S)
    outcome = kit.begin_load(B)
    assert not second.is_loading.is_set()
    first.unload_gate.set()
    assert unloaded.get(timeout=TIMEOUT_S) is None
    assert outcome.get(timeout=TIMEOUT_S) is None


def test_load_without_room_fails_and_says_why(kit):
    kit.manage(A, 6)
    kit.manage(B, 6)
    kit.load(A)
    error = kit.load(B)
    assert isinstance(error, ResourceExhaustedError)
    assert error.message.startswith("Insufficient resources to load servable {name: b version: 1}: total")
    assert error.message.count("Insufficient") == 1
    assert kit.recorder.states(B) == [START, END]
    assert kit.recorder.events[-1].error == error


def test_failed_load_gives_its_resources_back(kit):
    kit.manage(A, 6, num_failures=99)
    kit.manage(B, 6)
    assert kit.load(A) is not None
    assert kit.load(B) is None


def test_unload_gives_its_resources_back(kit):
    kit.manage(A, 6)
    kit.manage(B, 6)
    assert kit.load(A) is None
    assert kit.begin_unload(A).get(timeout=TIMEOUT_S) is None
    assert kit.load(B) is None


def test_estimate_that_falls_after_the_load_gives_resources_back(kit):
    sizes = [6]
    kit.manage(A, lambda: ram(sizes[0]))
    kit.manage(B, 6)
    assert kit.load(A) is None
    sizes[0] = 4
    assert kit.load(B) is None


def test_decisions_are_serial_so_the_second_waits_for_the_first(kit):
    holder, big, small = kit.manage(A, 6), kit.manage(B, 10), kit.manage(C, 1)
    holder.load_gate.clear()
    outcome_a = kit.begin_load(A)
    assert holder.is_loading.wait(TIMEOUT_S)
    outcome_big, outcome_small = kit.begin_load(B), kit.begin_load(C)
    assert not big.is_loading.is_set()
    holder.load_gate.set()
    assert outcome_a.get(timeout=TIMEOUT_S) is None
    assert isinstance(outcome_big.get(timeout=TIMEOUT_S), ResourceExhaustedError)
    assert outcome_small.get(timeout=TIMEOUT_S) is None
    assert small.num_load_attempts == 1


def test_first_load_denied_second_one_approved(kit):
    kit.manage(A, 11)
    kit.manage(B, 10)
    first, second = kit.begin_load(A), kit.begin_load(B)
    assert isinstance(first.get(timeout=TIMEOUT_S), ResourceExhaustedError)
    assert second.get(timeout=TIMEOUT_S) is None


def test_invalid_estimate_ends_in_one_error(kit):
    kit.manage(A, ResourceAllocation({Resource("nowhere", RAM_IN_BYTES, 0): 1}))
    error = kit.load(A)
    assert isinstance(error, InvalidArgumentError)
    context = "Error while attempting to reserve resources to load servable {name: a version: 1}: "
    assert error.message.startswith(context)
    assert [event.manager_state for event in kit.recorder.events] == [START, END]


class FailingEstimate:
    """Raises a number of times, then answers."""

    def __init__(self, num_failures: int, error: Exception | None = None) -> None:
        self.num_calls = 0
        self._num_failures = num_failures
        self._error = error or UnavailableError("storage is away")

    def __call__(self) -> ResourceAllocation:
        self.num_calls += 1
        if self.num_calls <= self._num_failures:
            raise self._error
        return ram(1)


def test_failing_estimate_is_tried_again_until_it_succeeds(kit):
    kit.manage(A, FailingEstimate(2))
    assert kit.load(A) is None


def test_failing_estimate_fails_the_load_when_retries_are_used_up(kit):
    estimate = FailingEstimate(99)
    kit.manage(A, estimate)
    assert isinstance(kit.load(A), UnavailableError)
    assert estimate.num_calls == 3


def test_failing_estimate_is_not_tried_again_against_the_predicate():
    kit = Kit(should_retry=lambda error: not isinstance(error, InvalidArgumentError))
    estimate = FailingEstimate(99, InvalidArgumentError("bad"))
    kit.manage(A, estimate)
    assert isinstance(kit.load(A), InvalidArgumentError)
    assert estimate.num_calls == 1
    kit.manager.close()


def test_a_load_that_waits_for_room_can_be_cancelled(kit):
    holder = kit.manage(A, 6)
    kit.manage(B, 6)
    holder.load_gate.clear()
    outcome_a = kit.begin_load(A)
    assert holder.is_loading.wait(TIMEOUT_S)
    outcome_b = kit.begin_load(B)
    kit.manager.cancel_load_retry(B)
    assert outcome_b.get(timeout=TIMEOUT_S) == CancelledError("Loading of servable cancelled")
    holder.load_gate.set()
    assert outcome_a.get(timeout=TIMEOUT_S) is None


def test_a_load_waits_for_an_unload_that_was_asked_for_before_it():
    # The unload threads are all busy, so the unload has not begun; its room is on the way nevertheless.
    kit = Kit()
    first, _ = kit.manage(A, 6), kit.manage(B, 6)
    assert kit.load(A) is None
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"))
    unloaded = kit.begin_unload(A)
    outcome = kit.begin_load(B)
    assert first.num_unloads == 0
    handle.release()
    assert unloaded.get(timeout=TIMEOUT_S) is None
    assert outcome.get(timeout=TIMEOUT_S) is None
    kit.manager.close()


def test_a_failing_estimate_that_pauses_holds_up_no_other_load():
    # In the reference the pause is made with the manager's main lock held.
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    kit = Kit(backoff=Backoff(interval_s=3600), wait=wait)
    kit.manage(A, FailingEstimate(99))
    kit.manage(B, 6)
    failing = kit.begin_load(A)
    assert is_pausing.wait(TIMEOUT_S)
    assert kit.load(B) is None
    assert kit.begin_unload(B).get(timeout=TIMEOUT_S) is None
    kit.manager.close()
    assert isinstance(failing.get(timeout=TIMEOUT_S), UnavailableError)
