import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import connect
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.sources.static import StaticSource
from salver.testing.sources import FakeTarget


def item(name, version):
    return ServableData(ServableId(name, version), f"/{name}/{version}")


def test_emits_its_version_once_on_connection():
    source, target = StaticSource([item("m", 7)]), FakeTarget()
    connect(source, target)
    assert target.calls == [("m", [item("m", 7)])]


def test_emits_one_list_for_each_stream():
    source, target = StaticSource([item("a", 1), item("b", 1), item("a", 2)]), FakeTarget()
    connect(source, target)
    assert target.calls == [("a", [item("a", 1), item("a", 2)]), ("b", [item("b", 1)])]


def test_can_be_connected_only_once():
    source, target = StaticSource([item("m", 7)]), FakeTarget()
    connect(source, target)
    with pytest.raises(FailedPreconditionError, match="only once"):
        connect(source, target)
    assert len(target.calls) == 1


def test_listing_a_version_twice_is_rejected():
    with pytest.raises(InvalidArgumentError, match="name: m version: 7"):
        StaticSource([item("m", 7), item("m", 7)])
