import pytest

from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.manager_builder import AspiredVersionsManagerBuilder
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.core.simple_loader import SimpleLoaderSourceAdapter
from salver.core.source_adapter import PrefixSourceAdapter
from salver.errors import FailedPreconditionError
from salver.testing.fake_loader import FakeLoader
from salver.testing.sources import FakeSource
from salver.testing.state_recorder import StateRecorder

ID = ServableId("a", 1)


@pytest.fixture
def bus():
    return EventBus[ServableState]()


@pytest.fixture
def builder(bus):
    return AspiredVersionsManagerBuilder(AspiredVersionsManagerOptions(event_bus=bus))


def test_source_of_loaders_feeds_the_manager(builder, bus):
    recorder = StateRecorder(bus)
    source = FakeSource()
    builder.add_source(source)
    with builder.build() as manager:
        source.emit("a", [ServableData(ID, FakeLoader("servable"))])
        recorder.wait_for(ID, ManagerState.AVAILABLE)
        assert manager.list_available_servable_ids() == [ID]
        with manager.get_servable_handle(ServableRequest.latest("a"), str) as handle:
            assert handle.servable == "servable"
    assert manager.list_available_servable_ids() == []


def test_chain_converts_on_the_way(builder, bus):
    recorder = StateRecorder(bus)
    source = FakeSource()
    builder.add_source_chain(source, PrefixSourceAdapter("/prefix"), SimpleLoaderSourceAdapter[str, str](str.upper))
    with builder.build() as manager:
        source.emit("a", [ServableData(ID, "path")])
        recorder.wait_for(ID, ManagerState.AVAILABLE)
        with manager.get_servable_handle(ServableRequest.latest("a"), str) as handle:
            assert handle.servable == "/PREFIX/PATH"


def test_parts_end_in_order_source_adapters_manager(builder, bus):
    ended = []

    class Source(FakeSource):
        def stop(self) -> None:
            ended.append("source")

    class Prefix(PrefixSourceAdapter):
        def detach(self) -> None:
            ended.append("first adapter")

    class Loaders(SimpleLoaderSourceAdapter[str, str]):
        def detach(self) -> None:
            ended.append("last adapter")

    source = Source()
    builder.add_source_chain(source, Prefix("/prefix"), Loaders(str.upper))
    manager = builder.build()
    recorder = StateRecorder(bus)
    bus.subscribe(lambda event: event.value.manager_state is ManagerState.END and ended.append("manager"))
    source.emit("a", [ServableData(ID, "path")])
    recorder.wait_for(ID, ManagerState.AVAILABLE)
    manager.close()
    assert ended == ["source", "first adapter", "last adapter", "manager"]
    manager.close()
    assert len(ended) == 4


def test_builds_once(builder):
    manager = builder.build()
    with pytest.raises(FailedPreconditionError):
        builder.build()
    with pytest.raises(FailedPreconditionError):
        builder.add_source(FakeSource())
    manager.close()
