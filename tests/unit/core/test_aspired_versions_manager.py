import logging
import queue
import threading

import pytest

from salver.core.aspired_version_policy import Act, Action, resource_preserving_policy
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import CancelledError, InvalidArgumentError, NotFoundError, UnknownError
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader
from salver.testing.state_recorder import StateRecorder, step_until

TIMEOUT_S = 10
START, LOADING, AVAILABLE, UNLOADING, END = ManagerState


class Kit:
    """A manager that is stepped by hand, and a source of fake loaders."""

    def __init__(self, num_load_threads: int = 0, num_unload_threads: int = 0, **options) -> None:
        self.bus = EventBus[ServableState]()
        self.recorder = StateRecorder(self.bus)
        self.clock = FakeClock()
        self.loaders: dict[ServableId, FakeLoader] = {}
        options.setdefault("retry", RetryOptions(max_num_retries=1, wait=FakeClock().wait))
        self.manager = AspiredVersionsManager(
            AspiredVersionsManagerOptions(
                num_load_threads=num_load_threads,
                num_unload_threads=num_unload_threads,
                event_bus=self.bus,
                clock=self.clock,
                **options,
            )
        )
        self.emit = self.manager.get_aspired_versions_callback()

    def aspire(self, name: str, *versions: int, **loader) -> None:
        """Aspire these versions, with a new loader for each."""
        items = []
        for version in versions:
            id = ServableId(name, version)
            items.append(ServableData(id, FakeLoader(str(id), **loader)))
            self.loaders[id] = items[-1].data
        self.emit(name, items)

    def settle(self, *available: tuple[str, int]) -> None:
        """Step until exactly these are available and nothing is under way."""
        ids = sorted(ServableId(*id) for id in available)
        step_until(self.manager, lambda: self.available() == ids and self.is_quiet())

    def available(self) -> list[ServableId]:
        return self.manager.list_available_servable_ids()

    def is_quiet(self) -> bool:
        quiet = {HarnessState.READY, HarnessState.ERROR, HarnessState.NEW}
        names = self.manager.get_managed_servable_names()
        return all(s.state in quiet for name in names for s in self.manager.get_state_snapshots(name))

    def state(self, name: str, version: int) -> HarnessState | None:
        snapshots = self.manager.get_state_snapshots(name)
        return next((s.state for s in snapshots if s.id.version == version), None)


THREADS = [(0, 0), (2, 0), (0, 2), (4, 4)]


@pytest.fixture(params=THREADS, ids=lambda threads: f"{threads[0]}-{threads[1]}")
def threads(request):
    return request.param


@pytest.fixture
def kit(threads):
    kit = Kit(*threads)
    yield kit
    kit.manager.close()


# === look-up ===


def test_unknown_name_or_version_is_not_found(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    for request in (ServableRequest.latest("x"), ServableRequest.specific("a", 2)):
        with pytest.raises(NotFoundError):
            kit.manager.get_servable_handle(request)


def test_wrong_type_is_an_invalid_argument(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    with pytest.raises(InvalidArgumentError):
        kit.manager.get_servable_handle(ServableRequest.latest("a"), int)
    assert kit.manager.get_available_servable_handles(int) == {}


def test_latest_and_specific_handles_also_of_version_zero(kit):
    kit.aspire("a", 0)
    kit.aspire("b", 3, 7, 5)
    kit.settle(("a", 0), ("b", 3), ("b", 5), ("b", 7))
    for request, id in [
        (ServableRequest.latest("a"), ServableId("a", 0)),
        (ServableRequest.latest("b"), ServableId("b", 7)),
        (ServableRequest.specific("b", 3), ServableId("b", 3)),
    ]:
        with kit.manager.get_servable_handle(request, str) as handle:
            assert (handle.id, handle.servable) == (id, str(id))


def test_lists_only_ready_ids_and_never_failed_ones(kit):
    kit.aspire("a", 1, 2)
    kit.aspire("b", 1, num_failures=9)
    kit.settle(("a", 1), ("a", 2))
    assert list(kit.manager.get_available_servable_handles(str)) == [ServableId("a", 1), ServableId("a", 2)]
    kit.aspire("a")
    kit.settle()


# === aspiring ===


def test_aspiring_alone_loads_nothing(kit):
    kit.aspire("a", 1)
    assert kit.manager.get_managed_servable_names() == []
    assert kit.loaders[ServableId("a", 1)].num_load_attempts == 0
    kit.settle(("a", 1))


def test_empty_list_unloads_all(kit):
    kit.aspire("a", 1, 2)
    kit.aspire("b", 1)
    kit.settle(("a", 1), ("a", 2), ("b", 1))
    kit.aspire("a")
    kit.settle(("b", 1))
    assert kit.manager.get_managed_servable_names() == ["b"]


def test_subset_list_unloads_only_the_rest(kit):
    kit.aspire("a", 1, 2, 3)
    kit.settle(("a", 1), ("a", 2), ("a", 3))
    kit.aspire("a", 2)
    kit.settle(("a", 2))


def test_lower_number_replaces_a_higher_one(kit):
    kit.aspire("a", 2)
    kit.settle(("a", 2))
    kit.aspire("a", 1)
    kit.settle(("a", 1))


def test_a_newer_list_replaces_one_that_was_not_taken_in(kit):
    kit.aspire("a", 1)
    kit.aspire("a", 2)
    kit.settle(("a", 2))
    assert kit.loaders[ServableId("a", 1)].num_load_attempts == 0


def test_repeated_list_keeps_the_first_loaders(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    first = kit.loaders[ServableId("a", 1)]
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    assert kit.loaders[ServableId("a", 1)].num_load_attempts == 0
    assert first.num_unloads == 0


def test_list_with_a_foreign_name_is_dropped_whole(kit, caplog):
    kit.emit("a", [ServableData(ServableId("a", 1), FakeLoader()), ServableData(ServableId("b", 1), FakeLoader())])
    kit.settle()
    assert kit.manager.get_managed_servable_names() == []
    assert "Servable name: a doesn't match name in servable version: b" in caplog.text


def test_version_that_occurs_twice_in_a_list_is_loaded_once(kit):
    loaders = [FakeLoader("first"), FakeLoader("second")]
    kit.emit("a", [ServableData(ServableId("a", 1), loader) for loader in loaders])
    kit.settle(("a", 1))
    assert [loader.num_load_attempts for loader in loaders] == [1, 0]


def test_unload_waits_for_a_held_handle(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"))
    kit.aspire("a")
    stepper = threading.Thread(target=kit.settle)
    stepper.start()
    kit.recorder.wait_for(ServableId("a", 1), UNLOADING)
    assert kit.loaders[ServableId("a", 1)].num_unloads == 0
    assert handle.servable == "{name: a version: 1}"
    handle.release()
    stepper.join(TIMEOUT_S)
    assert kit.loaders[ServableId("a", 1)].num_unloads == 1


def test_new_version_is_available_before_the_old_one_begins_to_unload(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    kit.aspire("a", 2)
    kit.settle(("a", 2))
    events = [(event.id.version, event.manager_state) for event in kit.recorder.events]
    assert events.index((2, AVAILABLE)) < events.index((1, UNLOADING))


def test_resource_preserving_policy_unloads_the_old_version_before_it_loads_the_new_one(threads):
    kit = Kit(*threads, policy_for=lambda name: resource_preserving_policy)
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    kit.aspire("a", 2)
    kit.settle(("a", 2))
    events = [(event.id.version, event.manager_state) for event in kit.recorder.events]
    assert events.index((1, END)) < events.index((2, LOADING))
    kit.manager.close()


# === failures ===


def test_erroneous_aspired_version_is_not_served(kit):
    error = InvalidArgumentError("broken at its source")
    kit.emit("a", [ServableData.failed(ServableId("a", 1), error)])
    kit.settle()
    (snapshot,) = kit.manager.get_state_snapshots("a")
    assert (snapshot.state, snapshot.is_aspired, snapshot.error) == (HarnessState.ERROR, True, error)
    assert kit.recorder.events == [ServableState(ServableId("a", 1), END, error)]


def test_failed_load_is_kept_with_its_reason_and_not_tried_again(kit):
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    failed = kit.loaders[ServableId("a", 1)]
    kit.aspire("a", 1)
    kit.clock.advance(1e6)
    kit.settle()
    assert failed.num_load_attempts == 2
    assert kit.loaders[ServableId("a", 1)].num_load_attempts == 0
    assert kit.manager.get_state_snapshots("a")[0].error == UnknownError("the fake load failed")
    assert kit.recorder.states(ServableId("a", 1)) == [START, LOADING, END]


@pytest.mark.parametrize("kind", ["error item", "load failure"])
def test_failing_new_version_leaves_the_old_one_serving(kit, kind):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    if kind == "error item":
        kit.emit("a", [ServableData.failed(ServableId("a", 2), UnknownError("broken"))])
    else:
        kit.aspire("a", 2, num_failures=9)
    kit.settle(("a", 1))
    assert kit.state("a", 2) is HarnessState.ERROR


def test_failed_version_is_forgotten_when_it_is_no_longer_aspired(kit):
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    kit.aspire("a")
    kit.settle()
    assert kit.manager.get_managed_servable_names() == []


def test_retries_within_a_load(kit):
    kit.aspire("a", 1, num_failures=1)
    kit.settle(("a", 1))
    assert kit.loaders[ServableId("a", 1)].num_load_attempts == 2


def test_reload_servables_with_error_tries_the_new_loader_of_the_next_list(threads):
    kit = Kit(*threads, reload_servables_with_error=True)
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    assert kit.recorder.states(ServableId("a", 1)) == [START, LOADING, END, START, LOADING, AVAILABLE]
    kit.manager.close()


# === aspiring again ===


def test_version_that_is_unloading_and_aspired_again_is_loaded_anew_when_it_is_gone(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    first = kit.loaders[ServableId("a", 1)]
    first.unload_gate.clear()
    kit.aspire("a")
    stepper = threading.Thread(target=lambda: step_until(kit.manager, lambda: kit.state("a", 1) is HarnessState.READY))
    # With zero unload threads the step waits inside the unload, so it has a thread here.
    unloader = threading.Thread(target=kit.manager.step)
    unloader.start()
    assert first.is_unloading.wait(TIMEOUT_S)
    kit.aspire("a", 1)
    second = kit.loaders[ServableId("a", 1)]
    kit.aspire("b", 1)  # other streams are not held up
    stepper.start()
    assert second.num_load_attempts == 0
    first.unload_gate.set()
    unloader.join(TIMEOUT_S)
    stepper.join(TIMEOUT_S)
    kit.settle(("a", 1), ("b", 1))
    assert (first.num_unloads, second.num_load_attempts) == (1, 1)
    assert kit.recorder.states(ServableId("a", 1)) == [
        START, LOADING, AVAILABLE, UNLOADING, END, START, LOADING, AVAILABLE,
    ]  # fmt: skip


def test_failed_version_that_is_dropped_and_aspired_again_is_loaded_anew(kit):
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    kit.aspire("a")
    kit.settle()
    kit.aspire("a", 1)
    kit.settle(("a", 1))


def test_version_never_loaded_that_is_dropped_and_aspired_again_is_loaded_anew(threads):
    allowed: set[str] = set()
    kit = Kit(
        *threads, policy_for=lambda name: resource_preserving_policy if name in allowed else lambda versions: None
    )
    kit.aspire("a", 1)
    kit.settle()
    assert kit.state("a", 1) is HarnessState.NEW
    kit.aspire("a")
    kit.manager.step()
    assert kit.manager.get_managed_servable_names() == []
    allowed.add("a")
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    kit.manager.close()


def test_version_dropped_while_it_loads_is_undone(caplog):
    caplog.set_level(logging.INFO)
    kit = Kit(1, 1)
    kit.aspire("a", 1)
    loader = kit.loaders[ServableId("a", 1)]
    loader.load_gate.clear()
    kit.manager.step()
    assert loader.is_loading.wait(TIMEOUT_S)
    kit.aspire("a")
    kit.manager.step()
    loader.load_gate.set()
    step_until(kit.manager, lambda: kit.manager.get_managed_servable_names() == [])
    assert loader.num_unloads == 1
    end = kit.recorder.wait_for(ServableId("a", 1), END)
    assert end.error == CancelledError("Loading of servable cancelled")
    kit.manager.close()
    # No fault of anybody's: not an error in the log.
    (told,) = [record for record in caplog.records if "cannot be loaded: CANCELLED" in record.getMessage()]
    assert told.levelno == logging.INFO


# === actions ===


def test_unloads_begin_before_loads(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    begun: list[Action] = []
    record_begun(kit, begun)
    kit.aspire("b", 1)
    kit.aspire("a")
    kit.settle(("b", 1))
    assert begun == [Action(Act.UNLOAD, ServableId("a", 1)), Action(Act.LOAD, ServableId("b", 1))]


def test_sort_key_overrides_that(threads):
    kit = Kit(*threads, sort_key=lambda action: action.act is Act.UNLOAD)
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    begun: list[Action] = []
    record_begun(kit, begun)
    kit.aspire("a")
    kit.aspire("b", 1)
    kit.settle(("b", 1))
    assert [action.act for action in begun] == [Act.LOAD, Act.UNLOAD]
    kit.manager.close()


def record_begun(kit: Kit, begun: list[Action]) -> None:
    begin = kit.manager._begin

    def record(action: Action) -> None:
        begun.append(action)
        begin(action)

    kit.manager._begin = record


def test_policy_sees_aspired_and_unaspired_versions_together(threads):
    seen = []
    kit = Kit(
        *threads, policy_for=lambda name: lambda versions: seen.append([(v.id.version, v.is_aspired) for v in versions])
    )
    kit.aspire("a", 1, 2)
    kit.manager.step()
    assert seen[-1] == [(1, True), (2, True)]
    kit.manager.close()

    kit = Kit(*threads)
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    policy = kit.manager._options.policy_for("a")
    object.__setattr__(
        kit.manager._options,
        "policy_for",
        lambda name: (
            lambda versions: (seen.append([(v.id.version, v.is_aspired) for v in versions]), policy(versions))[1]
        ),
    )
    kit.aspire("a", 2)
    kit.settle(("a", 2))
    assert [(1, False), (2, True)] in seen
    kit.manager.close()


def test_policy_is_chosen_by_stream(threads):
    asked = []

    def policy_for(name: str):
        asked.append(name)
        return resource_preserving_policy

    kit = Kit(*threads, policy_for=policy_for)
    kit.aspire("a", 1)
    kit.aspire("b", 1)
    kit.settle(("a", 1), ("b", 1))
    assert set(asked) == {"a", "b"}
    kit.manager.close()


def test_policy_that_raises_holds_up_no_other_stream(threads, caplog):
    def broken(versions):
        raise ValueError("broken policy")

    kit = Kit(*threads, policy_for=lambda name: broken if name == "a" else resource_preserving_policy)
    kit.aspire("a", 1)
    kit.aspire("b", 1)
    kit.settle(("b", 1))
    assert "The version policy of a failed" in caplog.text
    kit.manager.close()


def test_act_that_is_refused_is_not_begun_again_in_the_same_step(threads):
    # A policy that wants what is illegal must not make the step endless.
    kit = Kit(*threads, policy_for=lambda name: lambda versions: Action(Act.UNLOAD, versions[0].id))
    kit.aspire("a", 1)
    kit.manager.step()
    assert kit.state("a", 1) is HarnessState.NEW
    kit.manager.close()


# === events and destruction ===


def test_events_of_a_whole_life(kit):
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    kit.aspire("a")
    kit.settle()
    assert kit.recorder.states(ServableId("a", 1)) == [START, LOADING, AVAILABLE, UNLOADING, END]
    assert all(event.error is None for event in kit.recorder.events)


def test_works_without_an_event_bus(threads):
    manager = AspiredVersionsManager(
        AspiredVersionsManagerOptions(num_load_threads=threads[0], num_unload_threads=threads[1])
    )
    manager.get_aspired_versions_callback()("a", [ServableData(ServableId("a", 1), FakeLoader())])
    step_until(manager, lambda: manager.list_available_servable_ids() == [ServableId("a", 1)])
    manager.close()


def test_servable_is_destroyed_by_the_manager_and_not_where_the_last_handle_was_released(kit):
    destroyed_on: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()

    class Servable:
        def __del__(self) -> None:
            destroyed_on.put(threading.current_thread())

    kit.emit("a", [ServableData(ServableId("a", 1), FakeLoader(Servable()))])
    kit.settle(("a", 1))
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"))
    kit.aspire("a")
    stepper = threading.Thread(target=kit.settle)
    stepper.start()
    kit.recorder.wait_for(ServableId("a", 1), UNLOADING)
    assert destroyed_on.empty()
    handle.release()
    assert destroyed_on.get(timeout=TIMEOUT_S) is not threading.current_thread()
    stepper.join(TIMEOUT_S)


def test_callback_after_detach_does_nothing(kit):
    kit.manager.detach()
    kit.aspire("a", 1)
    kit.manager.step()
    assert kit.manager.get_managed_servable_names() == []


def test_close_unloads_everything_and_later_lists_are_dropped(kit):
    kit.aspire("a", 1, 2)
    kit.settle(("a", 1), ("a", 2))
    loaders = list(kit.loaders.values())
    kit.manager.close()
    assert [loader.num_unloads for loader in loaders] == [1, 1]
    kit.aspire("b", 1)
    kit.manager.step()
    assert kit.loaders[ServableId("b", 1)].num_load_attempts == 0


# === back-off ===


def test_failed_version_is_tried_again_after_growing_pauses(threads):
    kit = Kit(
        *threads,
        retry=RetryOptions(max_num_retries=0),
        failed_version_backoff=Backoff(interval_s=10, multiplier=2),
    )
    kit.aspire("a", 1, num_failures=2)
    loader = kit.loaders[ServableId("a", 1)]
    step_until(kit.manager, lambda: kit.state("a", 1) is HarnessState.ERROR)
    for pause_s, num_attempts in [(10, 2), (20, 3)]:
        kit.clock.advance(pause_s - 1)
        kit.manager.step()
        assert loader.num_load_attempts == num_attempts - 1
        kit.clock.advance(1)
        kit.manager.step()
        step_until(kit.manager, lambda: loader.num_load_attempts == num_attempts and kit.is_quiet())  # noqa: B023
    assert kit.available() == [ServableId("a", 1)]
    assert kit.recorder.states(ServableId("a", 1)) == [START, LOADING, END] * 2 + [START, LOADING, AVAILABLE]
    kit.manager.close()


def test_who_hears_of_the_end_of_a_load_finds_it_counted(threads):
    kit = Kit(*threads, retry=RetryOptions(max_num_retries=0), failed_version_backoff=Backoff(interval_s=10))
    found = []

    def look(event):
        if event.value.manager_state in {END, AVAILABLE}:
            failed = kit.manager.get_failed_loads(event.value.id)
            found.append((event.value.manager_state, failed.num_failures, failed.next_retry_s))

    with kit.bus.subscribe(look):
        kit.aspire("a", 1, num_failures=1)
        kit.settle()
        kit.clock.advance(10)
        kit.settle(("a", 1))
    assert found == [(END, 1, 10.0), (AVAILABLE, 0, None)]
    kit.manager.close()


def test_failed_version_is_given_up_after_the_last_retry(threads):
    kit = Kit(
        *threads,
        retry=RetryOptions(max_num_retries=0),
        failed_version_backoff=Backoff(interval_s=10),
        failed_version_max_retries=1,
    )
    kit.aspire("a", 1, num_failures=9)
    loader = kit.loaders[ServableId("a", 1)]
    for _ in range(4):
        kit.settle()
        kit.clock.advance(10)
    assert loader.num_load_attempts == 2
    assert kit.state("a", 1) is HarnessState.ERROR
    kit.manager.close()


def test_failed_version_is_tried_with_the_data_of_the_last_list(threads):
    kit = Kit(*threads, failed_version_backoff=Backoff(interval_s=10))
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    kit.aspire("a", 1)
    kit.settle()
    newest = kit.loaders[ServableId("a", 1)]
    assert newest.num_load_attempts == 0
    kit.clock.advance(10)
    kit.settle(("a", 1))
    assert newest.num_load_attempts == 1
    kit.manager.close()


def test_version_mended_by_its_source_is_loaded_at_once(threads):
    kit = Kit(*threads, failed_version_backoff=Backoff(interval_s=10))
    kit.emit("a", [ServableData.failed(ServableId("a", 1), UnknownError("half written"))])
    kit.settle()
    kit.aspire("a", 1)
    kit.settle(("a", 1))
    kit.manager.close()


def test_failed_version_that_is_no_longer_aspired_is_not_tried_again(threads):
    kit = Kit(*threads, failed_version_backoff=Backoff(interval_s=10))
    kit.aspire("a", 1, num_failures=9)
    kit.settle()
    loader = kit.loaders[ServableId("a", 1)]
    num_attempts = loader.num_load_attempts
    kit.aspire("a")
    kit.settle()
    kit.clock.advance(100)
    kit.settle()
    assert loader.num_load_attempts == num_attempts
    kit.manager.close()


# === the thread ===


def test_started_manager_acts_on_a_list_at_once_and_on_the_end_of_a_load():
    kit = Kit(2, 2)
    kit.manager.start()
    kit.aspire("a", 1)
    kit.recorder.wait_for(ServableId("a", 1), AVAILABLE)
    kit.aspire("a", 2)
    kit.recorder.wait_for(ServableId("a", 2), AVAILABLE)
    kit.recorder.wait_for(ServableId("a", 1), END)
    kit.manager.close()


def test_started_manager_tries_a_failed_version_when_its_pause_is_over():
    bus = EventBus[ServableState]()
    recorder = StateRecorder(bus)
    options = AspiredVersionsManagerOptions(
        event_bus=bus, retry=RetryOptions(max_num_retries=0), failed_version_backoff=Backoff(interval_s=0.001)
    )
    with AspiredVersionsManager(options) as manager:
        manager.start()
        loader = FakeLoader(num_failures=3)
        manager.get_aspired_versions_callback()("a", [ServableData(ServableId("a", 1), loader)])
        recorder.wait_for(ServableId("a", 1), AVAILABLE)
    assert loader.num_load_attempts == 4


def test_close_ends_a_step_that_waits_for_a_retry():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    kit = Kit(0, 0, retry=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    kit.manager.start()
    kit.aspire("a", 1, num_failures=9)
    assert is_pausing.wait(TIMEOUT_S)
    kit.manager.close()
    assert kit.recorder.states(ServableId("a", 1)) == [START, LOADING, END]


def test_step_that_fails_does_not_end_the_thread(caplog):
    kit = Kit(1, 1)
    step, failures = kit.manager.step, [ValueError("a bug")]

    def fail_once() -> None:
        if failures:
            raise failures.pop()
        step()

    kit.manager.step = fail_once
    kit.manager.start()
    kit.aspire("a", 1)
    kit.aspire("b", 1)
    while failures:
        kit.manager._wake.set()
    kit.aspire("c", 1)
    kit.recorder.wait_for(ServableId("c", 1), AVAILABLE)
    kit.manager.close()
    assert "A step of the manager failed" in caplog.text
