import logging
import queue
import threading

from salver.core.drainer import Drainer
from salver.core.ids import ServableId
from salver.core.servable_handle import Pin, PinWatch
from salver.testing.fake_serving_table import FakeServingTable

ID = ServableId("a", 1)
TIMEOUT_S = 10


def pinned(id: ServableId = ID) -> tuple[list[Pin], PinWatch]:
    """A pin in a list, so that clearing the list ends it, and its watch."""
    watch = PinWatch(id)
    return [Pin("servable", watch)], watch


def test_a_free_version_is_told_at_once_on_this_thread():
    drainer = Drainer()
    pins, watch = pinned()
    pins.clear()
    told = []
    drainer.drain(watch, lambda is_free: told.append((is_free, threading.current_thread())))
    assert told == [(True, threading.current_thread())]
    drainer.close()


def test_waits_for_the_last_handle():
    drainer = Drainer()
    pins, watch = pinned()
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    drainer.drain(watch, told.put)
    assert told.empty()
    pins.clear()
    assert told.get(timeout=TIMEOUT_S) is True
    drainer.close()


def test_waits_for_the_requests_of_every_table():
    tables = [FakeServingTable(), FakeServingTable()]
    drainer = Drainer(tables)
    pins, watch = pinned()
    pins.clear()
    for table in tables:
        table.hold(ID)
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    drainer.drain(watch, told.put)
    tables[0].release(ID)
    assert not tables[1].wait_until_released(ID, 0)
    assert told.empty()
    tables[1].release(ID)
    assert told.get(timeout=TIMEOUT_S) is True
    drainer.close()


def test_a_version_in_use_does_not_hold_up_another():
    table = FakeServingTable()
    drainer = Drainer([table])
    table.hold(ID)
    busy, busy_watch = pinned()
    busy.clear()
    other, other_watch = pinned(ServableId("b", 1))
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    drainer.drain(busy_watch, lambda _: told.put("busy"))
    drainer.drain(other_watch, lambda _: told.put("other"))
    other.clear()
    assert told.get(timeout=TIMEOUT_S) == "other"
    table.release(ID)
    assert told.get(timeout=TIMEOUT_S) == "busy"
    drainer.close()


def test_gives_up_after_the_time_limit_also_on_what_comes_later():
    drainer = Drainer()
    pins, watch = pinned()
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    drainer.drain(watch, told.put)
    drainer.give_up_after(0)
    assert told.get(timeout=TIMEOUT_S) is False
    assert drainer.wait(watch) is False
    drainer.close()
    assert drainer.wait(watch) is False
    assert pins


def test_wait_blocks_until_free():
    drainer = Drainer()
    pins, watch = pinned()
    outcome: queue.SimpleQueue[bool] = queue.SimpleQueue()
    waiter = threading.Thread(target=lambda: outcome.put(drainer.wait(watch)))
    waiter.start()
    assert outcome.empty()
    pins.clear()
    assert outcome.get(timeout=TIMEOUT_S) is True
    waiter.join(TIMEOUT_S)
    drainer.close()


def test_close_waits_for_what_is_drained():
    drainer = Drainer()
    pins, watch = pinned()
    told: list[bool] = []
    drainer.drain(watch, told.append)
    closer = threading.Thread(target=drainer.close)
    closer.start()
    assert told == []
    pins.clear()
    closer.join(TIMEOUT_S)
    assert told == [True]


def test_tells_once_that_a_version_is_in_use_for_long():
    is_logged = threading.Event()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())
            is_logged.set()

    messages: list[str] = []
    logger, handler = logging.getLogger("salver.core.drainer"), Handler()
    logger.addHandler(handler)
    drainer = Drainer(report_after_s=0.001)
    pins, watch = pinned()
    drainer.drain(watch, lambda _: None)
    assert is_logged.wait(TIMEOUT_S)
    pins.clear()
    drainer.close()
    logger.removeHandler(handler)
    assert messages == ["Servable version {name: a version: 1} is to be unloaded, but handles still use it"]
