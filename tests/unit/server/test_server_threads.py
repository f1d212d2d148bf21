import threading

import pytest

from salver.config import ServerConfig
from salver.server.server_threads import ServerThreads
from salver.server.serving_table import DataPlaneServingTable
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane

LIMIT_S = 20


class Router:
    """Hands each call to `handle`, and ends it."""

    def __init__(self):
        self.act = lambda: None
        self.handled = threading.Event()

    def handle(self, call):
        self.handled.set()
        self.act()
        call.fail(13, "no answer")


@pytest.fixture
def plane():
    return FakeDataPlane()


@pytest.fixture
def threads(plane):
    return ServerThreads(ServerConfig(), plane, DataPlaneServingTable(plane))


def test_control_calls_go_to_the_router(threads, plane):
    router = Router()
    threads.answer_calls(router)
    plane.submit_call(FakeControlCall.http("GET", "/"))
    assert router.handled.wait(LIMIT_S)
    plane.stop()
    threads.stop()


def test_stop_needs_no_start(threads):
    threads.stop()
    threads.join_slow()


def test_thread_that_stays_busy_is_told_of_and_left_behind(threads, plane, caplog, monkeypatch):
    monkeypatch.setattr("salver.server.server_threads._JOIN_TIMEOUT_S", 0.0)
    router, may_end = Router(), threading.Event()
    router.act = lambda: may_end.wait(LIMIT_S)
    threads.answer_calls(router)
    plane.submit_call(FakeControlCall.http("GET", "/"))
    assert router.handled.wait(LIMIT_S)
    plane.stop()
    threads.stop()
    may_end.set()
    assert "A control thread is still busy; it is left behind" in caplog.messages
