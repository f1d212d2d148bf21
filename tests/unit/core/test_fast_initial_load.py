import threading

import pytest

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.fast_initial_load import (
    connect_sources_with_fast_initial_load,
    default_num_initial_load_threads,
    initial_load_threads,
)
from salver.core.ids import ServableId
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.retry import RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.errors import DeadlineExceededError, UnknownError
from salver.testing.fake_loader import FakeLoader


class Source:
    """Emits one version of each of these streams on connection."""

    def __init__(self, **loaders: FakeLoader) -> None:
        self._loaders = loaders

    def set_aspired_versions_callback(self, callback) -> None:
        for name, loader in self._loaders.items():
            callback(name, [ServableData(ServableId(name, 1), loader)])


class Kit:
    def __init__(self) -> None:
        bus = EventBus[ServableState]()
        self.monitor = ServableStateMonitor(bus)
        self.manager = AspiredVersionsManager(
            AspiredVersionsManagerOptions(event_bus=bus, num_load_threads=1, retry=RetryOptions(max_num_retries=0))
        )
        self.manager.start()

    def connect(self, source: Source, *names: str, **options) -> None:
        requests = [ServableRequest.latest(name) for name in names]
        connect_sources_with_fast_initial_load(self.manager, [source], self.monitor, requests, **options)


@pytest.fixture
def kit():
    kit = Kit()
    yield kit
    kit.manager.close()


def test_loads_with_many_threads_and_returns_when_all_are_available(kit):
    # Each load waits until all have begun: with one thread it would never end.
    all_loading = threading.Barrier(4)

    class Loader(FakeLoader):
        def load(self) -> None:
            all_loading.wait(10)
            super().load()

    names = ["a", "b", "c", "d"]
    kit.connect(Source(**{name: Loader() for name in names}), *names, num_threads=4)
    assert [id.name for id in kit.manager.list_available_servable_ids()] == names
    assert kit.manager.num_load_threads == 1


def test_failure_names_each_servable_and_its_reason(kit):
    source = Source(good=FakeLoader(), bad=FakeLoader(num_failures=9))
    with pytest.raises(UnknownError) as raised:
        kit.connect(source, "good", "bad")
    assert raised.value.message == (
        "1 servable(s) did not become available: "
        "{{{name: bad version: 1} due to error: UNKNOWN: the fake load failed}, }"
    )
    assert kit.manager.num_load_threads == 1


def test_wait_ends_at_its_time_limit_and_names_what_is_missing(kit):
    slow = FakeLoader()
    slow.load_gate.clear()
    with pytest.raises(DeadlineExceededError) as raised:
        kit.connect(Source(slow=slow), "slow", "absent", timeout_s=0.01)
    assert raised.value.message == (
        "2 servable(s) did not become available within 0.01 s: {Latest(slow), Latest(absent)}"
    )
    assert kit.manager.num_load_threads == 1
    slow.load_gate.set()


def test_number_of_threads_is_restored_after_an_error(kit):
    seen = []

    def fail() -> None:
        seen.append(kit.manager.num_load_threads)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), initial_load_threads(kit.manager, 7):
        fail()
    assert seen == [7]
    assert kit.manager.num_load_threads == 1


def test_default_is_four_threads_a_core(kit):
    assert default_num_initial_load_threads() >= 4
    assert default_num_initial_load_threads() % 4 == 0
    with initial_load_threads(kit.manager):
        assert kit.manager.num_load_threads == default_num_initial_load_threads()
