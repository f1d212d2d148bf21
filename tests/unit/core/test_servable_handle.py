import threading

import pytest

from salver.core.ids import ServableId
from salver.core.servable_handle import Pin, PinWatch, ServableHandle
from salver.errors import FailedPreconditionError

ID = ServableId("table", 3)


def make_pin(servable: object) -> tuple[Pin, PinWatch]:
    watch = PinWatch(ID)
    return Pin(servable, watch), watch


def test_gives_servable_and_id():
    servable = object()
    pin, _ = make_pin(servable)
    handle = ServableHandle[object](pin)
    assert handle.servable is servable
    assert handle.id == ID
    assert repr(handle) == "ServableHandle({name: table version: 3})"


def test_is_true_until_released():
    pin, _ = make_pin("servable")
    handle = ServableHandle[str](pin)
    assert handle
    handle.release()
    assert not handle


def test_gives_nothing_after_release():
    pin, _ = make_pin("servable")
    handle = ServableHandle[str](pin)
    handle.release()
    handle.release()
    with pytest.raises(FailedPreconditionError, match="was released"):
        _ = handle.servable
    with pytest.raises(FailedPreconditionError, match="was released"):
        _ = handle.id


def test_with_block_releases_also_on_an_error():
    pin, _ = make_pin("servable")
    with pytest.raises(ZeroDivisionError), ServableHandle[str](pin) as handle:
        _ = 1 / 0
    assert not handle


def test_handles_of_one_version_are_equal():
    pin, _ = make_pin("servable")
    other, _ = make_pin("servable")
    assert ServableHandle[str](pin) == ServableHandle[str](pin)
    assert ServableHandle[str](pin) != ServableHandle[str](other)
    assert ServableHandle[str](pin) != "servable"
    assert len({ServableHandle[str](pin), ServableHandle[str](pin)}) == 1


def test_pin_ends_with_the_last_handle():
    pin, watch = make_pin("servable")
    first, second = ServableHandle[str](pin), ServableHandle[str](pin)
    del pin
    first.release()
    assert not watch.is_released
    second.release()
    assert watch.is_released


def test_forgotten_handle_releases_itself():
    pin, watch = make_pin("servable")
    handle = ServableHandle[str](pin)
    del pin
    assert not watch.is_released
    del handle
    assert watch.is_released


def test_watch_tells_once_the_pin_ends_and_also_when_asked_later():
    pin, watch = make_pin("servable")
    told: list[PinWatch] = []
    watch.notify(told.append)
    assert told == []
    del pin
    assert told == [watch]
    watch.notify(told.append)
    assert told == [watch, watch]


def test_pin_has_let_go_of_the_servable_when_it_tells():
    class Servable:
        def __del__(self) -> None:
            order.append("destroyed")

    order: list[str] = []
    servable = Servable()
    pin, watch = make_pin(servable)
    watch.notify(lambda _: order.append("told"))
    del servable
    del pin
    assert order == ["destroyed", "told"]


def test_concurrent_look_ups_and_releases_leave_no_pin_behind():
    pin, watch = make_pin("servable")
    pins = [pin]
    del pin
    start = threading.Barrier(4)

    def use() -> None:
        start.wait(10)
        for _ in range(2000):
            with ServableHandle[str](pins[0]) as handle:
                assert handle.servable == "servable"

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not watch.is_released
    pins.clear()
    assert watch.is_released
