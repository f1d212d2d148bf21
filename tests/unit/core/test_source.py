import threading

import pytest

from salver.core.ids import ServableId
from salver.core.servable_data import ServableData
from salver.core.source import connect
from salver.errors import FailedPreconditionError
from salver.testing.sources import FakeSource, FakeTarget


def item(version: int) -> ServableData[str]:
    return ServableData(ServableId("model", version), f"/model/{version}")


def test_connected_target_gets_what_the_source_emits():
    source, target = FakeSource[str](), FakeTarget[str]()
    connect(source, target)
    source.emit("model", [item(1), item(2)])
    source.emit("model", [])
    assert target.calls == [("model", [item(1), item(2)]), ("model", [])]


def test_source_can_be_connected_only_once():
    source, target = FakeSource[str](), FakeTarget[str]()
    connect(source, target)
    with pytest.raises(FailedPreconditionError, match="only once"):
        connect(source, FakeTarget[str]())
    source.emit("model", [])
    assert target.calls == [("model", [])]


def test_target_gives_callbacks_to_several_sources():
    target = FakeTarget[str]()
    target.get_aspired_versions_callback()("a", [])
    target.get_aspired_versions_callback()("b", [])
    assert [name for name, _ in target.calls] == ["a", "b"]


def test_detached_target_drops_notifications_for_ever():
    target = FakeTarget[str]()
    callback = target.get_aspired_versions_callback()
    target.detach()
    target.detach()
    callback("model", [item(1)])
    target.get_aspired_versions_callback()("model", [item(1)])
    assert target.calls == []


def test_callback_does_not_keep_a_detached_target_alive():
    import gc
    import weakref

    target = FakeTarget[str]()
    callback = target.get_aspired_versions_callback()
    target.detach()
    reference = weakref.ref(target)
    del target
    gc.collect()
    assert reference() is None
    callback("model", [])


def test_detach_blocks_for_a_running_notification():
    is_running, may_end = threading.Event(), threading.Event()
    order = []

    def on_call(name, versions):
        is_running.set()
        assert may_end.wait(10)
        order.append("notified")

    target = FakeTarget[str](on_call)
    notifier = threading.Thread(target=target.get_aspired_versions_callback(), args=("model", []))
    notifier.start()
    assert is_running.wait(10)

    def detach():
        target.detach()
        order.append("detached")

    detacher = threading.Thread(target=detach)
    detacher.start()
    may_end.set()
    notifier.join(10)
    detacher.join(10)
    assert order == ["notified", "detached"]


def test_notifications_of_several_threads_never_overlap():
    running, most = 0, 0

    def on_call(name, versions):
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1

    target = FakeTarget[str](on_call)
    callback = target.get_aspired_versions_callback()
    threads = [threading.Thread(target=lambda: [callback("model", []) for _ in range(200)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(target.calls) == 600
    assert most == 1
