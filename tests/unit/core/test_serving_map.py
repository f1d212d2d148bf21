import threading

import pytest

from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest, VersionChoice
from salver.core.serving_map import ServingMap
from salver.testing.fake_serving_table import FakeServingTable


def found(serving_map: ServingMap, request: ServableRequest) -> object | None:
    pin = serving_map.find(request)
    return None if pin is None else pin.servable


def test_finds_by_version_latest_and_earliest():
    serving_map = ServingMap()
    for version in (2, 0, 10):
        serving_map.add(ServableId("a", version), f"a{version}")
    serving_map.add(ServableId("b", 1), "b1")
    assert found(serving_map, ServableRequest.specific("a", 0)) == "a0"
    assert found(serving_map, ServableRequest.latest("a")) == "a10"
    assert found(serving_map, ServableRequest.earliest("a")) == "a0"
    assert found(serving_map, ServableRequest.latest("b")) == "b1"
    assert serving_map.find(ServableRequest.specific("a", 3)) is None
    assert serving_map.find(ServableRequest.latest("c")) is None


def test_a_version_wins_over_the_choice():
    serving_map = ServingMap()
    serving_map.add(ServableId("a", 1), "a1")
    assert found(serving_map, ServableRequest("a", 1, VersionChoice.EARLIEST)) == "a1"
    assert serving_map.find(ServableRequest("a", 2, VersionChoice.EARLIEST)) is None


def test_latest_and_earliest_follow_removals():
    serving_map = ServingMap()
    for version in (1, 2, 3):
        serving_map.add(ServableId("a", version), version)
    serving_map.remove(ServableId("a", 3))
    assert found(serving_map, ServableRequest.latest("a")) == 2
    serving_map.remove(ServableId("a", 1))
    assert found(serving_map, ServableRequest.earliest("a")) == 2
    serving_map.remove(ServableId("a", 2))
    for request in (ServableRequest.latest("a"), ServableRequest.earliest("a"), ServableRequest.specific("a", 2)):
        assert serving_map.find(request) is None


def test_lists_in_the_order_of_ids():
    serving_map = ServingMap()
    ids = [ServableId("b", 1), ServableId("a", 10), ServableId("a", 2)]
    for id in ids:
        serving_map.add(id, str(id))
    assert serving_map.ids() == sorted(ids)
    assert [pin.id for pin in serving_map.pins()] == sorted(ids)


def test_version_is_released_by_its_removal_and_its_last_pin():
    serving_map = ServingMap()
    watch = serving_map.add(ServableId("a", 1), "a1")
    pin = serving_map.find(ServableRequest.latest("a"))
    serving_map.remove(ServableId("a", 1))
    assert not watch.is_released
    del pin
    assert watch.is_released


def test_pin_of_one_version_does_not_hold_another():
    serving_map = ServingMap()
    serving_map.add(ServableId("held", 1), "held")
    watch = serving_map.add(ServableId("free", 1), "free")
    pin = serving_map.find(ServableRequest.latest("held"))
    serving_map.remove(ServableId("free", 1))
    assert watch.is_released
    assert pin is not None


def test_publishes_every_change_to_every_table():
    tables = [FakeServingTable(), FakeServingTable()]
    serving_map = ServingMap(tables)
    a1, a2 = ServableId("a", 1), ServableId("a", 2)
    serving_map.add(a1, "a1")
    serving_map.add(a2, "a2")
    serving_map.remove(a1)
    serving_map.remove(a2)
    for table in tables:
        assert table.published == [[a1], [a1, a2], [a2], []]


def test_snapshot_shows_servables_and_cannot_be_changed():
    snapshots = []

    class Table(FakeServingTable):
        def publish(self, snapshot):
            snapshots.append(snapshot)

    serving_map = ServingMap([Table()])
    serving_map.add(ServableId("a", 1), "a1")
    serving_map.add(ServableId("b", 1), "b1")
    assert [dict(snapshot.models) for snapshot in snapshots] == [{"a": {1: "a1"}}, {"a": {1: "a1"}, "b": {1: "b1"}}]
    assert [snapshot.generation for snapshot in snapshots] == [1, 2]
    with pytest.raises(TypeError):
        snapshots[0].models["a"] = {}
    with pytest.raises(TypeError):
        snapshots[0].models["a"][2] = "a2"


def test_table_that_raises_does_not_keep_the_news_from_the_others(caplog):
    class Broken(FakeServingTable):
        def publish(self, snapshot):
            raise ValueError("broken")

    table = FakeServingTable()
    ServingMap([Broken(), table]).add(ServableId("a", 1), "a1")
    assert table.published == [[ServableId("a", 1)]]
    assert "refused snapshot 1" in caplog.text


def test_no_reader_misses_the_stream_or_goes_back_in_time_while_versions_change():
    serving_map = ServingMap()
    serving_map.add(ServableId("a", 0), 0)
    stop = threading.Event()
    wrong = []

    def read() -> None:
        last = 0
        while not stop.is_set():
            pin = serving_map.find(ServableRequest.latest("a"))
            if pin is None or pin.id.version < last:
                wrong.append((pin, last))
                return
            last = pin.id.version

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for version in range(1, 300):
        serving_map.add(ServableId("a", version), version)
        serving_map.remove(ServableId("a", version - 1))
    stop.set()
    for thread in threads:
        thread.join(10)
    assert wrong == []


def test_a_model_that_did_not_change_has_the_mapping_of_the_snapshot_before():
    class Table(FakeServingTable):
        def publish(self, snapshot):
            seen.append(snapshot.models)

    seen = []
    serving_map = ServingMap([Table()])
    for id in (ServableId("a", 1), ServableId("b", 1), ServableId("b", 2)):
        serving_map.add(id, str(id))
    serving_map.remove(ServableId("b", 1))
    assert all(models["a"] is seen[0]["a"] for models in seen)
    assert [sorted(models.get("b", {})) for models in seen] == [[], [1], [1, 2], [2]]
