import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from salver.core.caching_manager import CachingManager, CachingManagerOptions, estimated_ram_bytes
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.manager_options import BasicManagerOptions
from salver.core.residency import ResidencyLimits
from salver.core.resources import GPU, MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.retry import RetryOptions
from salver.core.servable_request import ServableRequest, VersionChoice
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnknownError
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader
from salver.testing.state_recorder import StateRecorder

TIMEOUT_S = 10
START, LOADING, AVAILABLE, UNLOADING, END = ManagerState


def ram(num_bytes: int) -> ResourceAllocation:
    return ResourceAllocation({Resource(MAIN, RAM_IN_BYTES): num_bytes})


class FakeFactory:
    """Makes fake loaders; streams have the versions 1 to 3."""

    def __init__(self) -> None:
        self.loaders: dict[ServableId, list[FakeLoader]] = {}
        self.sizes: dict[str, int] = {}
        self.num_failures: dict[str, int] = {}
        self.is_held = False

    def create_loader(self, id: ServableId) -> FakeLoader:
        if id.name == "unknown":
            raise NotFoundError("no such servable")
        loader = FakeLoader(
            str(id), num_failures=self.num_failures.get(id.name, 0), estimate=ram(self.sizes.get(id.name, 0))
        )
        if self.is_held:
            loader.load_gate.clear()
        self.loaders.setdefault(id, []).append(loader)
        return loader

    def get_servable_version(self, name: str, choice: VersionChoice) -> int:
        return 1 if choice is VersionChoice.EARLIEST else 3

    def num_loads(self, name: str, version: int = 3) -> int:
        return sum(loader.num_load_attempts for loader in self.loaders.get(ServableId(name, version), []))


class Kit:
    def __init__(self, **limits) -> None:
        self.bus = EventBus[ServableState]()
        self.recorder = StateRecorder(self.bus)
        self.factory = FakeFactory()
        self.clock = FakeClock()
        self.manager = CachingManager(
            self.factory,
            CachingManagerOptions(
                limits=ResidencyLimits(**limits),
                basic=BasicManagerOptions(event_bus=self.bus, retry=RetryOptions(max_num_retries=0)),
                eviction_timeout_s=0.05,
                clock=self.clock,
            ),
        )

    def use(self, name: str) -> str:
        self.clock.advance(1)
        with self.manager.get_servable_handle(ServableRequest.latest(name), str) as handle:
            return handle.servable

    def names(self) -> list[str]:
        return [id.name for id in self.manager.list_available_servable_ids()]


@pytest.fixture
def kit():
    kit = Kit()
    yield kit
    kit.manager.close()


def test_loads_when_asked_for_and_only_once(kit):
    assert kit.factory.loaders == {}
    request = ServableRequest.specific("a", 7)
    for _ in range(3):
        with kit.manager.get_servable_handle(request, str) as handle:
            assert (handle.id, handle.servable) == (ServableId("a", 7), "{name: a version: 7}")
    assert kit.factory.num_loads("a", 7) == 1
    assert kit.recorder.states(ServableId("a", 7)) == [START, LOADING, AVAILABLE]


def test_factory_says_which_version_is_latest_and_earliest(kit):
    for request, version in [(ServableRequest.latest("a"), 3), (ServableRequest.earliest("a"), 1)]:
        with kit.manager.get_servable_handle(request) as handle:
            assert handle.id == ServableId("a", version)


def test_wrong_type_is_an_invalid_argument(kit):
    with pytest.raises(InvalidArgumentError):
        kit.manager.get_servable_handle(ServableRequest.latest("a"), int)
    assert kit.manager.get_available_servable_handles(int) == {}


def test_factory_error_reaches_the_caller(kit):
    with pytest.raises(NotFoundError, match="no such servable"):
        kit.manager.get_servable_handle(ServableRequest.latest("unknown"))


def test_lists_what_is_loaded(kit):
    kit.use("b")
    kit.use("a")
    assert kit.manager.list_available_servable_ids() == [ServableId("a", 3), ServableId("b", 3)]
    assert list(kit.manager.get_available_servable_handles(str)) == [ServableId("a", 3), ServableId("b", 3)]


def test_failed_load_is_not_sticky(kit):
    # In the reference the id stays managed and fails for ever.
    kit.factory.num_failures["a"] = 1
    with pytest.raises(UnknownError, match="the fake load failed"):
        kit.use("a")
    kit.factory.num_failures["a"] = 0
    assert kit.use("a") == "{name: a version: 3}"
    assert kit.recorder.states(ServableId("a", 3)) == [START, LOADING, END, START, LOADING, AVAILABLE]


def test_concurrent_callers_share_one_load_and_its_outcome(kit):
    kit.factory.is_held = True
    with ThreadPoolExecutor(8) as pool:
        uses = [pool.submit(kit.use, "a") for _ in range(8)]
        is_loading = threading.Event()
        kit.bus.subscribe(lambda event: event.value.manager_state is AVAILABLE and is_loading.set())
        kit.recorder.wait_for(ServableId("a", 3), LOADING)
        kit.factory.loaders[ServableId("a", 3)][0].load_gate.set()
        assert {use.result(TIMEOUT_S) for use in uses} == {"{name: a version: 3}"}
    assert kit.factory.num_loads("a") == 1
    assert kit.manager._loads == {}


def test_concurrent_callers_of_different_servables_do_not_wait_for_each_other(kit):
    kit.factory.is_held = True
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(kit.use, "slow")
        kit.recorder.wait_for(ServableId("slow", 3), LOADING)
        kit.factory.is_held = False
        assert pool.submit(kit.use, "quick").result(TIMEOUT_S) == "{name: quick version: 3}"
        assert not slow.done()
        kit.factory.loaders[ServableId("slow", 3)][0].load_gate.set()
        assert slow.result(TIMEOUT_S) == "{name: slow version: 3}"


def test_many_threads_over_intersecting_servables_load_each_once(kit):
    names = [f"s{n % 4}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(kit.use, names)) == [f"{{name: {name} version: 3}}" for name in names]
    assert [kit.factory.num_loads(f"s{n}") for n in range(4)] == [1, 1, 1, 1]


# === eviction ===


@pytest.fixture
def small():
    """Room for 10 bytes; a, b, c and d take 4 each, e takes 11."""
    kit = Kit(max_bytes=10)
    kit.factory.sizes.update(a=4, b=4, c=4, d=4, e=11)
    yield kit
    kit.manager.close()


def test_evicts_the_least_recently_used_to_make_room(small):
    for name in ("a", "b", "a", "c"):
        small.use(name)
    assert small.names() == ["a", "c"]
    assert small.recorder.states(ServableId("b", 3))[-1] is END
    small.use("b")
    assert small.names() == ["b", "c"]
    assert small.factory.num_loads("b") == 2


def test_servable_over_the_whole_budget_is_refused_and_evicts_nothing(small):
    small.use("a")
    with pytest.raises(ResourceExhaustedError, match="needs 11 of 10 bytes"):
        small.use("e")
    assert small.names() == ["a"]


def test_pinned_names_stay():
    kit = Kit(max_bytes=10, pinned_names=frozenset({"a"}))
    kit.factory.sizes.update(a=4, b=4, c=4)
    for name in ("a", "b", "c"):
        kit.use(name)
    assert kit.names() == ["a", "c"]
    kit.manager.close()


def test_nothing_is_evicted_before_its_least_residency():
    kit = Kit(max_bytes=10, min_residency_s=100)
    kit.factory.sizes.update(a=4, b=4, c=4)
    kit.use("a")
    kit.use("b")
    with pytest.raises(ResourceExhaustedError, match="must stay"):
        kit.use("c")
    kit.clock.advance(100)
    assert kit.use("c")
    kit.manager.close()


def test_evicted_servable_that_is_in_use_is_not_unloaded_and_the_load_waits_for_it(small):
    small.use("a")
    small.use("b")
    handle = small.manager.get_servable_handle(ServableRequest.latest("a"))
    small.clock.advance(1)
    small.use("b")
    with pytest.raises(ResourceExhaustedError, match="still in use"):
        small.use("c")
    assert handle.servable == "{name: a version: 3}"
    handle.release()
    small.recorder.wait_for(ServableId("a", 3), END)
    assert small.use("c")


def test_servable_asked_for_while_it_is_evicted_is_loaded_anew(small):
    small.use("a")
    small.use("b")
    first = small.factory.loaders[ServableId("a", 3)][0]
    first.unload_gate.clear()
    with ThreadPoolExecutor(2) as pool:
        use_c = pool.submit(small.use, "c")
        assert first.is_unloading.wait(TIMEOUT_S)
        first.unload_gate.set()
        assert use_c.result(TIMEOUT_S)
    assert small.use("a") == "{name: a version: 3}"
    assert small.factory.num_loads("a") == 2


def test_failed_load_gives_its_room_back(small):
    small.factory.num_failures["a"] = 1
    with pytest.raises(UnknownError):
        small.use("a")
    small.use("b")
    small.use("c")
    assert small.names() == ["b", "c"]


def test_version_that_is_evicted_at_once_still_answers_who_asked_for_it(kit, monkeypatch):
    residency = kit.manager._residency
    note_loaded = residency.note_loaded

    def evict_at_once(id):
        note_loaded(id)
        residency.note_leaving(id)
        kit.manager._evict(id)

    monkeypatch.setattr(residency, "note_loaded", evict_at_once)
    assert kit.use("a") == "{name: a version: 3}"
    assert kit.factory.num_loads("a") == 1


def test_under_pressure_from_many_threads_the_budget_holds(small):
    object.__setattr__(small.manager._options, "eviction_timeout_s", 10.0)
    over: queue.SimpleQueue[int] = queue.SimpleQueue()
    small.bus.subscribe(lambda event: len(small.manager.list_available_servable_ids()) > 2 and over.put(1))
    with ThreadPoolExecutor(4) as pool:
        for use in [pool.submit(small.use, name) for name in "abcdabcdabcd" * 3]:
            try:
                use.result(TIMEOUT_S)
            except ResourceExhaustedError as error:
                # Everything that could go is being loaded right now.
                assert "must stay" in error.message  # noqa: PT017
    assert over.empty()


def test_estimated_ram_is_summed_over_devices():
    estimate = ResourceAllocation(
        {Resource(MAIN, RAM_IN_BYTES): 3, Resource(GPU, RAM_IN_BYTES, 1): 4, Resource(MAIN, "num_model_slots"): 1}
    )
    assert estimated_ram_bytes(FakeLoader(estimate=estimate)) == 7
