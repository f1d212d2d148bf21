import os
import signal
import threading

import pytest

from salver.errors import UnavailableError
from salver.server.signals import run_until_signal


class FakeServer:
    def __init__(self, on_start):
        self._on_start = on_start
        self.stopped = threading.Event()

    def start(self):
        self._on_start(self)

    def stop(self):
        self.stopped.set()


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_server_with_status_0(number):
    server = FakeServer(lambda _: send(number))
    assert run_until_signal(server) == 0
    assert server.stopped.is_set()


def test_signal_ends_a_long_start():
    def start(server):
        send(signal.SIGTERM)
        server.stopped.wait()
        raise UnavailableError("stopped while it started")

    assert run_until_signal(FakeServer(start)) == 0


def test_failed_start_is_raised_and_the_server_stopped():
    def start(server):
        raise UnavailableError("port taken")

    server = FakeServer(start)
    with pytest.raises(UnavailableError, match="port taken"):
        run_until_signal(server)
    assert server.stopped.is_set()


def test_second_signal_forces_the_end():
    forced = []

    def start(server):
        send(signal.SIGTERM)
        server.stopped.wait()
        send(signal.SIGINT)
        second.wait()

    second = threading.Event()

    def force(status):
        forced.append(status)
        second.set()

    assert run_until_signal(FakeServer(start), force_exit=force) == 0
    assert forced == [128 + signal.SIGINT]


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    run_until_signal(FakeServer(lambda _: send(signal.SIGTERM)))
    assert signal.getsignal(signal.SIGTERM) is before


def test_whoever_is_offered_it_may_ask_for_the_stop_and_twice_is_once():
    asks = []

    def start(_):
        for _ in range(2):
            asks[0]()

    server = FakeServer(start)
    forced = []
    assert run_until_signal(server, force_exit=forced.append, offer=asks.append) == 0
    assert server.stopped.is_set()
    assert forced == []


def test_asking_after_a_signal_does_not_force_the_end():
    asks, forced = [], []

    def start(server):
        send(signal.SIGTERM)
        server.stopped.wait()
        asks[0]()

    assert run_until_signal(FakeServer(start), force_exit=forced.append, offer=asks.append) == 0
    assert forced == []
