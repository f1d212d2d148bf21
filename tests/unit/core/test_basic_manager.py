import contextlib
import queue
import threading

import pytest

from salver.core.basic_manager import BasicManager
from salver.core.event_bus import EventBus
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.manager_options import BasicManagerOptions
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import (
    CancelledError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SalverError,
    UnavailableError,
    UnknownError,
)
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader
from salver.testing.fake_serving_table import FakeServingTable
from salver.testing.state_recorder import StateRecorder

TIMEOUT_S = 10
START, LOADING, AVAILABLE, UNLOADING, END = ManagerState

A1, A2, A3 = (ServableId("a", version) for version in (1, 2, 3))
B0 = ServableId("b", 0)


class Kit:
    """A manager under test with its bus and a recorder."""

    def __init__(self, num_load_threads: int = 0, num_unload_threads: int = 0, **options) -> None:
        self.bus = EventBus[ServableState]()
        self.recorder = StateRecorder(self.bus)
        options.setdefault("retry", RetryOptions(max_num_retries=2, wait=FakeClock().wait))
        self.manager = BasicManager(
            BasicManagerOptions(
                num_load_threads=num_load_threads,
                num_unload_threads=num_unload_threads,
                event_bus=self.bus,
                **options,
            )
        )

    def manage(self, id: ServableId, loader: FakeLoader | None = None) -> FakeLoader:
        loader = loader or FakeLoader(str(id))
        self.manager.manage_servable(ServableData(id, loader))
        return loader

    def load(self, id: ServableId) -> SalverError | None:
        outcome: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
        self.manager.load_servable(id, outcome.put)
        return outcome.get(timeout=TIMEOUT_S)

    def unload(self, id: ServableId) -> SalverError | None:
        outcome: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
        self.manager.unload_servable(id, outcome.put)
        return outcome.get(timeout=TIMEOUT_S)

    def serve(self, *ids: ServableId) -> list[FakeLoader]:
        loaders = [self.manage(id) for id in ids]
        for id in ids:
            assert self.load(id) is None
        return loaders

    def state(self, id: ServableId) -> HarnessState | None:
        snapshot = self.manager.get_state_snapshot(id)
        return None if snapshot is None else snapshot.state


@pytest.fixture(params=[(0, 0), (2, 0), (0, 2), (4, 4)], ids=lambda threads: f"{threads[0]}-{threads[1]}")
def kit(request):
    kit = Kit(*request.param)
    yield kit
    kit.manager.close()


@contextlib.contextmanager
def in_background(work):
    """Run `work` on a thread beside the block, and wait for it at the end."""
    thread = threading.Thread(target=work)
    thread.start()
    yield thread
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()


# === look-up ===


def test_unknown_name_and_version_are_not_found(kit):
    kit.serve(A1)
    with pytest.raises(NotFoundError) as raised:
        kit.manager.get_servable_handle(ServableRequest.latest("x"))
    assert raised.value.message == "Servable not found for request: Latest(x)"
    with pytest.raises(NotFoundError) as raised:
        kit.manager.get_servable_handle(ServableRequest.specific("a", 9))
    assert raised.value.message == "Servable not found for request: Specific(a, 9)"


def test_latest_earliest_and_specific_handles(kit):
    kit.serve(A1, A3, A2, B0)
    for request, id in [
        (ServableRequest.latest("a"), A3),
        (ServableRequest.earliest("a"), A1),
        (ServableRequest.specific("a", 2), A2),
        (ServableRequest.latest("b"), B0),
        (ServableRequest.from_id(B0), B0),
    ]:
        with kit.manager.get_servable_handle(request, str) as handle:
            assert (handle.id, handle.servable) == (id, str(id))


def test_wrong_type_is_an_invalid_argument_and_pins_nothing(kit):
    kit.serve(A1)
    with pytest.raises(InvalidArgumentError, match=r"Servable type doesn't match the asked for type\.") as raised:
        kit.manager.get_servable_handle(ServableRequest.latest("a"), int)
    assert kit.unload(A1) is None  # though `raised` keeps the traceback
    assert raised.value.message.endswith("Latest(a) is a str, asked for was a int")


def test_lists_only_what_is_ready(kit):
    kit.serve(A1, B0)
    kit.manage(A2)
    kit.manage(A3, FakeLoader(num_failures=9))
    kit.load(A3)
    assert kit.manager.list_available_servable_ids() == [A1, B0]
    kit.unload(A1)
    assert kit.manager.list_available_servable_ids() == [B0]


def test_available_handles_are_those_of_the_type(kit):
    kit.serve(A1)
    kit.manage(B0, FakeLoader({"k": "v"}))
    kit.load(B0)
    handles = kit.manager.get_available_servable_handles()
    assert list(handles) == [A1, B0]
    assert handles[B0].servable == {"k": "v"}
    assert list(kit.manager.get_available_servable_handles(dict)) == [B0]
    assert kit.manager.get_available_servable_handles(int) == {}
    for handle in handles.values():
        handle.release()


def test_latest_falls_back_while_the_highest_unloads(kit):
    _, loader = kit.serve(A1, A2)
    loader.unload_gate.clear()
    with in_background(lambda: kit.unload(A2)):
        assert loader.is_unloading.wait(TIMEOUT_S)
        with kit.manager.get_servable_handle(ServableRequest.latest("a")) as handle:
            assert handle.id == A1
        loader.unload_gate.set()


# === managing ===


def test_managing_twice_fails_and_the_first_loader_stays(kit):
    first = kit.manage(A1, FakeLoader("first"))
    with pytest.raises(FailedPreconditionError) as raised:
        kit.manage(A1, FakeLoader("second"))
    assert raised.value.message == "This servable is already being managed: {name: a version: 1}"
    kit.load(A1)
    assert first.num_load_attempts == 1
    with kit.manager.get_servable_handle(ServableRequest.latest("a")) as handle:
        assert handle.servable == "first"


def test_stop_managing_an_unknown_id_fails(kit):
    with pytest.raises(FailedPreconditionError, match="This servable is not being managed: {name: a version: 1}"):
        kit.manager.stop_managing_servable(A1)


def test_stop_managing_an_active_servable_fails(kit):
    kit.serve(A1)
    with pytest.raises(FailedPreconditionError) as raised:
        kit.manager.stop_managing_servable(A1)
    assert raised.value.message == (
        "This servable is not in a new or end state and we cannot stop managing it: {name: a version: 1} ready"
    )
    assert kit.manager.list_available_servable_ids() == [A1]


def test_stop_managing_new_disabled_and_failed_servables(kit):
    kit.manage(A1)
    kit.serve(A2)
    kit.unload(A2)
    kit.manage(A3, FakeLoader(num_failures=9))
    kit.load(A3)
    for id in (A1, A2, A3):
        kit.manager.stop_managing_servable(id)
        assert kit.state(id) is None
    assert kit.manager.get_managed_servable_names() == []


def test_a_load_error_does_not_stop_the_managing(kit):
    kit.manage(A1, FakeLoader(num_failures=9))
    assert kit.load(A1) == UnknownError("the fake load failed")
    assert kit.state(A1) is HarnessState.ERROR


def test_managed_names_and_snapshots(kit):
    kit.serve(A2)
    kit.manage(A1)
    kit.manage(B0)
    assert kit.manager.get_managed_servable_names() == ["a", "b"]
    snapshots = kit.manager.get_state_snapshots("a")
    assert [(s.id, s.state) for s in snapshots] == [(A1, HarnessState.NEW), (A2, HarnessState.READY)]
    assert kit.manager.get_state_snapshots("x") == []
    assert kit.manager.get_state_snapshot(A3) is None


def test_additional_state_is_kept_and_given_by_type(kit):
    kit.manager.manage_servable(ServableData(A1, FakeLoader()), additional_state=42)
    kit.manage(A2)
    assert kit.manager.get_additional_state(A1, int) == 42
    assert kit.manager.get_additional_state(A1, str) is None
    assert kit.manager.get_additional_state(A2, int) is None
    assert kit.manager.get_additional_state(A3, int) is None
    assert [s.additional_state for s in kit.manager.get_state_snapshots("a")] == [42, None]


def test_erroneous_servable_is_managed_but_cannot_be_loaded(kit):
    error = InvalidArgumentError("broken at its source")
    kit.manager.manage_servable(ServableData.failed(A1, error))
    assert kit.load(A1) == error
    assert kit.unload(A1) == error
    assert kit.state(A1) is HarnessState.ERROR
    assert kit.recorder.events == [ServableState(A1, END, error)]


# === requests ===


def test_load_and_unload_of_unmanaged_ids_are_not_found(kit):
    expected = NotFoundError("This servable is not being managed by the manager: {name: a version: 1}")
    assert kit.load(A1) == expected
    assert kit.unload(A1) == expected


def test_out_of_order_loads_serve_the_right_versions(kit):
    for id in (A3, A1, A2):
        kit.serve(id)
    assert kit.manager.list_available_servable_ids() == [A1, A2, A3]


def test_second_load_request_fails(kit):
    kit.serve(A1)
    assert kit.load(A1) == FailedPreconditionError("Duplicate load request")


def test_second_unload_request_fails(kit):
    kit.serve(A1)
    assert kit.unload(A1) is None
    expected = FailedPreconditionError("Servable not loaded, or unload already requested/ongoing")
    assert kit.unload(A1) == expected


def test_unload_without_load_fails(kit):
    kit.manage(A1)
    assert kit.unload(A1) == FailedPreconditionError("Servable not loaded, or unload already requested/ongoing")


@pytest.mark.parametrize("kind", ["load", "unload"])
def test_of_concurrent_requests_exactly_one_succeeds(kit, kind):
    loader = kit.manage(A1)
    if kind == "unload":
        kit.load(A1)
    request = kit.load if kind == "load" else kit.unload
    start = threading.Barrier(5)
    outcomes: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()

    def ask() -> None:
        start.wait(TIMEOUT_S)
        outcomes.put(request(A1))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    results = [outcomes.get(timeout=TIMEOUT_S) for _ in range(5)]
    assert results.count(None) == 1
    assert all(isinstance(error, FailedPreconditionError) for error in results if error is not None)
    assert loader.num_load_attempts == 1


def test_loads_then_unloads_of_many_end_consistently(kit):
    ids = [ServableId(f"s{n % 5}", n) for n in range(30)]
    loaders = [kit.manage(id) for id in ids]
    outcomes: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    for id in ids:
        kit.manager.load_servable(id, outcomes.put)
    assert [outcomes.get(timeout=TIMEOUT_S) for _ in ids] == [None] * len(ids)
    assert kit.manager.list_available_servable_ids() == sorted(ids)
    for id in ids:
        kit.manager.unload_servable(id, outcomes.put)
    assert [outcomes.get(timeout=TIMEOUT_S) for _ in ids] == [None] * len(ids)
    assert kit.manager.list_available_servable_ids() == []
    assert all((loader.num_load_attempts, loader.num_unloads) == (1, 1) for loader in loaders)
    for id in ids:
        assert kit.recorder.states(id) == [START, LOADING, AVAILABLE, UNLOADING, END]


def test_interleaved_loads_and_unloads_end_consistently(kit):
    def life(name: str) -> None:
        for version in range(10):
            id = ServableId(name, version)
            kit.serve(id)
            with kit.manager.get_servable_handle(ServableRequest.from_id(id)) as handle:
                assert handle.servable == str(id)
            assert kit.unload(id) is None

    threads = [threading.Thread(target=life, args=(f"s{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert kit.manager.list_available_servable_ids() == []
    for n in range(4):
        for version in range(10):
            assert kit.recorder.states(ServableId(f"s{n}", version)) == [START, LOADING, AVAILABLE, UNLOADING, END]


# === handles and destruction ===


def test_servable_is_destroyed_on_a_manager_thread_and_not_where_the_last_handle_was_released():
    destroyed_on: list[threading.Thread] = []

    class Servable:
        def __del__(self) -> None:
            destroyed_on.append(threading.current_thread())

    kit = Kit(2, 2)
    kit.manage(A1, FakeLoader(Servable()))
    kit.load(A1)
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"), Servable)
    unloaded: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    kit.manager.unload_servable(A1, unloaded.put)
    kit.recorder.wait_for(A1, UNLOADING)
    assert destroyed_on == []
    assert isinstance(handle.servable, Servable)
    handle.release()
    assert unloaded.get(timeout=TIMEOUT_S) is None
    assert [thread.name.startswith("salver-unload") for thread in destroyed_on] == [True]
    kit.manager.close()


def test_without_unload_threads_the_unload_waits_for_the_handle_on_the_thread_that_asks():
    kit = Kit(0, 0)
    (loader,) = kit.serve(A1)
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"))
    with in_background(lambda: kit.unload(A1)) as thread:
        kit.recorder.wait_for(A1, UNLOADING)
        assert loader.num_unloads == 0
        handle.release()
    assert loader.unload_thread is thread
    kit.manager.close()


def test_a_handle_of_a_version_that_unloads_stays_usable_and_no_new_one_is_given(kit):
    kit.serve(A1)
    handle = kit.manager.get_servable_handle(ServableRequest.latest("a"))
    with in_background(lambda: kit.unload(A1)):
        kit.recorder.wait_for(A1, UNLOADING)
        while kit.manager.list_available_servable_ids():
            pass
        with pytest.raises(NotFoundError):
            kit.manager.get_servable_handle(ServableRequest.latest("a"))
        assert handle.servable == str(A1)
        handle.release()
    assert kit.recorder.states(A1)[-1] is END


# === events ===


def test_events_of_a_whole_life(kit):
    kit.serve(A1)
    kit.unload(A1)
    assert kit.recorder.events == [ServableState(A1, state) for state in (START, LOADING, AVAILABLE, UNLOADING, END)]


def test_events_of_a_failed_load(kit):
    kit.manage(A1, FakeLoader(num_failures=9))
    kit.load(A1)
    error = UnknownError("the fake load failed")
    assert kit.recorder.events == [ServableState(A1, START), ServableState(A1, LOADING), ServableState(A1, END, error)]


def test_available_is_published_after_the_look_up_works_and_unloading_before_it_fails(kit):
    seen = {}

    def look(event):
        with contextlib.suppress(NotFoundError), kit.manager.get_servable_handle(ServableRequest.latest("a")) as handle:
            seen[event.value.manager_state] = handle.id

    kit.bus.subscribe(look)
    kit.serve(A1)
    kit.unload(A1)
    assert seen == {AVAILABLE: A1, UNLOADING: A1}


def test_unload_asked_for_on_the_news_of_available_keeps_the_order_of_events(kit):
    is_available = threading.Event()
    kit.bus.subscribe(lambda event: event.value.manager_state is AVAILABLE and is_available.set())
    kit.manage(A1)
    with in_background(lambda: kit.load(A1)):
        assert is_available.wait(TIMEOUT_S)
        assert kit.unload(A1) is None
    assert kit.recorder.states(A1) == [START, LOADING, AVAILABLE, UNLOADING, END]


def test_works_without_an_event_bus():
    manager = BasicManager()
    manager.manage_servable(ServableData(A1, FakeLoader()))
    manager.load_servable(A1, lambda error: None)
    assert manager.list_available_servable_ids() == [A1]
    manager.close()


# === retries, cancels, hooks ===


def test_retries_a_failing_load_until_it_succeeds(kit):
    loader = kit.manage(A1, FakeLoader(num_failures=2))
    assert kit.load(A1) is None
    assert loader.num_load_attempts == 3
    assert kit.recorder.states(A1) == [START, LOADING, AVAILABLE]


def test_fails_when_the_retries_are_used_up(kit):
    loader = kit.manage(A1, FakeLoader(num_failures=9))
    assert kit.load(A1) == UnknownError("the fake load failed")
    assert loader.num_load_attempts == 3


def cancel_while_loading(kit: Kit, loader: FakeLoader) -> SalverError | None:
    kit.manage(A1, loader)
    loader.load_gate.clear()
    outcome: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    with in_background(lambda: outcome.put(kit.load(A1))):
        assert loader.is_loading.wait(TIMEOUT_S)
        kit.manager.cancel_load_retry(A1)
        loader.load_gate.set()
    return outcome.get(timeout=TIMEOUT_S)


def test_cancelled_load_that_fails_is_not_tried_again(kit):
    loader = FakeLoader(num_failures=9)
    assert cancel_while_loading(kit, loader) == UnknownError("the fake load failed")
    assert loader.num_load_attempts == 1


def test_cancelled_load_that_succeeds_is_undone(kit):
    loader = FakeLoader()
    error = CancelledError("Loading of servable cancelled")
    assert cancel_while_loading(kit, loader) == error
    assert loader.num_unloads == 1
    assert kit.manager.list_available_servable_ids() == []
    assert kit.recorder.events == [ServableState(A1, START), ServableState(A1, LOADING), ServableState(A1, END, error)]


def test_cancelled_id_can_be_loaded_only_after_it_is_managed_anew(kit):
    cancel_while_loading(kit, FakeLoader())
    assert kit.load(A1) == FailedPreconditionError("Duplicate load request")
    kit.manager.stop_managing_servable(A1)
    kit.manage(A1)
    assert kit.load(A1) is None


def test_cancel_of_an_unmanaged_or_failed_id_does_nothing(kit):
    kit.manager.cancel_load_retry(A1)
    kit.manager.manage_servable(ServableData.failed(A2, UnknownError("broken")))
    kit.manager.cancel_load_retry(A2)


def test_cancel_during_a_retry_pause_ends_the_load_at_once():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    kit = Kit(1, 1, retry=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    kit.manage(A1, FakeLoader(num_failures=9))
    outcome: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    kit.manager.load_servable(A1, outcome.put)
    assert is_pausing.wait(TIMEOUT_S)
    kit.manager.cancel_load_retry(A1)
    assert outcome.get(timeout=TIMEOUT_S) == UnknownError("the fake load failed")
    kit.manager.close()


@pytest.mark.parametrize("threads", [0, 2])
def test_pre_load_hook_is_called_with_the_id_after_loading_and_before_the_load(threads):
    calls = []
    kit = Kit(
        threads, 0, pre_load_hook=lambda id: calls.append((id, kit.recorder.states(id), loader.num_load_attempts))
    )
    loader = kit.manage(A1)
    kit.load(A1)
    assert calls == [(A1, [START, LOADING], 0)]
    kit.manager.close()


def test_pre_load_hook_that_raises_fails_the_load():
    def refuse(id: ServableId) -> None:
        raise InvalidArgumentError("not today")

    kit = Kit(pre_load_hook=refuse)
    loader = kit.manage(A1)
    assert kit.load(A1) == InvalidArgumentError("not today")
    assert loader.num_load_attempts == 0


@pytest.mark.parametrize(("num_load_threads", "num_flushes"), [(0, 2), (1, 2), (2, 0)])
def test_file_system_caches_are_flushed_after_each_load_while_one_loads_at_a_time(num_load_threads, num_flushes):
    flushes = []
    kit = Kit(num_load_threads, 0, flush_filesystem_caches=lambda: flushes.append(1))
    kit.serve(A1)
    kit.manage(A2, FakeLoader(num_failures=9))
    kit.load(A2)
    assert len(flushes) == num_flushes
    kit.manager.close()


def test_failing_cache_flush_only_warns(caplog):
    def flush() -> None:
        raise OSError("no")

    kit = Kit(flush_filesystem_caches=flush)
    kit.serve(A1)
    assert "Flushing the file system caches failed" in caplog.text


# === number of load threads ===


def test_number_of_load_threads_can_be_changed(kit):
    kit.manager.set_num_load_threads(3)
    assert kit.manager.num_load_threads == 3
    kit.serve(A1, A2)
    kit.manager.set_num_load_threads(0)
    (loader,) = kit.serve(A3)
    assert loader.load_thread is threading.current_thread()


def test_more_load_threads_load_what_waits():
    kit = Kit(1, 0)
    loaders = [kit.manage(id) for id in (A1, A2)]
    outcomes: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    for loader, id in zip(loaders, (A1, A2), strict=True):
        loader.load_gate.clear()
        kit.manager.load_servable(id, outcomes.put)
    assert loaders[0].is_loading.wait(TIMEOUT_S)
    kit.manager.set_num_load_threads(2)
    assert loaders[1].is_loading.wait(TIMEOUT_S)
    for loader in loaders:
        loader.load_gate.set()
    assert [outcomes.get(timeout=TIMEOUT_S) for _ in loaders] == [None, None]
    kit.manager.close()


# === the data plane ===


def test_table_has_a_version_when_it_becomes_available_and_no_more_when_it_is_unloaded(kit):
    table = FakeServingTable()
    seen = {}
    own = Kit(kit.manager.num_load_threads, 0, serving_tables=[table])
    own.bus.subscribe(lambda event: seen.update({event.value.manager_state: table.resolve(A1)}))
    own.serve(A1)
    own.unload(A1)
    text = str(A1)
    assert seen == {START: None, LOADING: None, AVAILABLE: text, UNLOADING: text, END: None}
    assert table.published == [[A1], []]
    own.manager.close()


def test_unload_waits_for_the_requests_of_the_data_plane():
    table = FakeServingTable()
    kit = Kit(2, 2, serving_tables=[table])
    (loader,) = kit.serve(A1)
    table.hold(A1)
    unloaded: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    kit.manager.unload_servable(A1, unloaded.put)
    kit.recorder.wait_for(A1, UNLOADING)
    assert loader.num_unloads == 0
    table.release(A1)
    assert unloaded.get(timeout=TIMEOUT_S) is None
    assert loader.num_unloads == 1
    kit.manager.close()


# === the end ===


def test_close_unloads_everything(kit):
    loaders = kit.serve(A1, A2, B0)
    kit.manage(A3)
    kit.manager.close()
    assert [loader.num_unloads for loader in loaders] == [1, 1, 1]
    assert kit.manager.list_available_servable_ids() == []
    kit.manager.close()


def test_closed_manager_loads_nothing(kit):
    kit.manage(A1)
    kit.manager.close()
    assert kit.load(A1) == UnavailableError("The manager is closed")


def test_close_ends_retry_pauses_and_gives_up_loads_that_wait():
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    kit = Kit(1, 1, retry=RetryOptions(backoff=Backoff(interval_s=3600), wait=wait))
    kit.manage(A1, FakeLoader(num_failures=9))
    waiting = kit.manage(A2)
    outcomes: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    for id in (A1, A2):
        kit.manager.load_servable(id, outcomes.put)
    assert is_pausing.wait(TIMEOUT_S)
    kit.manager.close()
    assert outcomes.get(timeout=TIMEOUT_S) == UnknownError("the fake load failed")
    assert outcomes.get(timeout=TIMEOUT_S) == CancelledError("Loading of servable cancelled")
    assert waiting.num_load_attempts == 0


def test_close_leaves_a_load_and_an_unload_that_do_not_end(caplog, monkeypatch):
    monkeypatch.setattr("salver.core.basic_manager._UNLOAD_TIME_S", 0.01)
    kit = Kit(1, 1, close_timeout_s=0.01)
    [unloading] = kit.serve(A1)
    unloading.unload_gate.clear()
    loading = kit.manage(A2, FakeLoader())
    loading.load_gate.clear()
    outcomes: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
    kit.manager.load_servable(A2, outcomes.put)
    assert loading.is_loading.wait(TIMEOUT_S)
    kit.manager.close()
    assert "Still loading after 0.01 s, and left behind: {name: a version: 2}" in caplog.text
    assert "Still unloading, and left behind: {name: a version: 1}" in caplog.text
    unloading.unload_gate.set()
    loading.load_gate.set()
    assert outcomes.get(timeout=TIMEOUT_S) == CancelledError("Loading of servable cancelled")
    assert loading.num_unloads == 1


@pytest.mark.parametrize("num_unload_threads", [0, 2])
def test_close_leaves_loaded_what_is_still_in_use_when_the_time_is_up(num_unload_threads, caplog):
    kit = Kit(0, num_unload_threads, close_timeout_s=0)
    held, free = kit.serve(A1, A2)
    handle = kit.manager.get_servable_handle(ServableRequest.from_id(A1))
    kit.manager.close()
    assert (held.num_unloads, free.num_unloads) == (0, 1)
    assert handle.servable == str(A1)
    assert "{name: a version: 1} is still in use and stays loaded" in caplog.text
    handle.release()
