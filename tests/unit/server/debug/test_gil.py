import threading

import pytest

from salver.errors import ResourceExhaustedError
from salver.server.debug.gil import GilProbe

WAIT_S = 10


class Lock:
    """A lock that is waited for as the test says; its time passes by the pauses and waits."""

    def __init__(self, waits):
        self._waits = iter(waits)
        self.now = 0.0
        self.pauses = []

    def wait(self, pause_s):
        waited = next(self._waits)
        self.pauses.append(pause_s)
        self.now += pause_s + waited
        return waited

    def clock(self):
        return self.now


def test_share_of_samples_that_found_the_lock_taken():
    lock = Lock([1e-6, 0.004, 2e-6, 0.002] * 1000)
    report = GilProbe(lock.wait, lock.clock).measure(1.0)
    assert report.held_share == pytest.approx(0.5, abs=0.01)
    assert 350 < report.num_samples < 450
    assert (report.wait_p90_s, report.wait_p99_s, report.wait_max_s) == (0.004, 0.004, 0.004)
    assert report.window_s >= 1.0


def test_pauses_differ_so_that_they_keep_step_with_nothing():
    lock = Lock([0.0] * 10_000)
    GilProbe(lock.wait, lock.clock).measure(1.0)
    assert all(0.0005 <= pause <= 0.0015 for pause in lock.pauses)
    assert len(set(lock.pauses)) > len(lock.pauses) / 2


def test_shortest_measurement_has_a_sample():
    lock = Lock([0.001])
    assert GilProbe(lock.wait, lock.clock).measure(0).num_samples == 1


def test_measurement_ends_when_nobody_wants_it():
    lock = Lock([0.0] * 10)
    assert GilProbe(lock.wait, lock.clock).measure(10.0, lambda: len(lock.pauses) < 3).num_samples == 3


def test_one_measurement_at_a_time():
    begun, go = threading.Event(), threading.Event()

    def wait(_):
        begun.set()
        go.wait(WAIT_S)
        return 0.0

    probe = GilProbe(wait)
    first = threading.Thread(target=probe.measure, args=(0,))
    first.start()
    begun.wait(WAIT_S)
    with pytest.raises(ResourceExhaustedError):
        probe.measure(0)
    go.set()
    first.join()
    assert probe.measure(0).num_samples == 1
