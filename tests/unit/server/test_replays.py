import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from salver import CallableServable, TensorSpec
from salver.admin.replay import ReplayQuery
from salver.core.ids import ServableId
from salver.errors import (
    AbortedError,
    CancelledError,
    DataLossError,
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from salver.server.replays import MAX_FAILURES, MAX_REPLAYS, Replays, quantiles
from salver.server.serving_table import DataPlaneServingTable
from salver.testing.fake_dataplane import FakeDataPlane
from salver.wire.tfrecord import record_bytes
from tests.support.prediction_logs import log_record, predict_record

ID = ServableId("m", 3)
SPEC = {"x": TensorSpec(np.float32, [None])}
SERVABLE = CallableServable(dict, inputs=SPEC, outputs=SPEC)
LIMIT_S = 20


class Handles:
    """A manager with one version."""

    def __init__(self):
        self.pin = SimpleNamespace(servable=SERVABLE)

    def get_servable_handle(self, request):
        if (request.name, request.version) != ID:
            raise NotFoundError(f"Servable not found for request: {request}")
        return self._handle()

    def find_pin(self, request):
        assert (request.name, request.version) == ID
        return self.pin

    @contextmanager
    def _handle(self):
        yield SimpleNamespace(id=ID, servable=SERVABLE)


class Bench:
    def __init__(self, is_stopping=lambda: False):
        self.plane = FakeDataPlane()
        self.now_s = 0.0
        table = DataPlaneServingTable(self.plane)
        self.manager = Handles()
        self.replays = Replays(self.plane, table, self.manager, is_stopping=is_stopping, clock=lambda: self.now_s)

    def replay(self, *records, is_wanted=lambda: True, id=ID, content=None, **query):
        content = b"".join(map(record_bytes, records)) if content is None else content
        return self.replays.replay(id, content, ReplayQuery(**query), is_wanted)


def records(count):
    return [predict_record(b"\x0a\x03\x0a\x01" + bytes([97 + number])) for number in range(count)]


def test_every_record_is_replayed_and_timed():
    bench = Bench()

    def take_longer(api, message):
        bench.now_s += len(bench.plane.replays)

    bench.plane.on_replay = take_longer
    report = bench.replay(*records(4))
    assert [api for _, api, _ in bench.plane.replays] == ["predict"] * 4
    assert {target.spec.version for target, _, _ in bench.plane.replays} == {3}
    assert (report.num_records, report.num_failed, report.failures, report.elapsed_s) == (4, 0, (), 10)
    latency = report.latency_s
    assert (latency.p50, latency.p90, latency.p99, latency.max) == (3, 4, 4, 4)
    assert bench.plane.rows == {}


def test_failures_are_told_by_record_and_the_others_go_on():
    bench = Bench()

    def fail(api, message):
        if message.endswith(b"b"):
            raise InvalidArgumentError("wrong")

    bench.plane.on_replay = fail
    session = log_record("session_run_log", "SessionRunLog", "SessionRunRequest")
    report = bench.replay(*records(3), b"", session, b"\xff no log", concurrency=3)
    assert (report.num_records, report.num_failed, report.num_empty) == (6, 3, 1)
    assert [(failure.index, failure.code) for failure in report.failures] == [
        (1, "INVALID_ARGUMENT"),
        (4, "UNIMPLEMENTED"),
        (5, "INVALID_ARGUMENT"),
    ]
    assert report.failures[0].message == "wrong"


def test_what_a_model_raises_is_a_failure_and_their_list_is_bounded():
    bench = Bench()

    def fail(api, message):
        raise ZeroDivisionError("by zero")

    bench.plane.on_replay = fail
    report = bench.replay(*records(1) * (MAX_FAILURES + 5))
    assert (report.num_failed, len(report.failures), report.latency_s) == (MAX_FAILURES + 5, MAX_FAILURES, None)


def test_nothing_is_replayed_of_a_damaged_file_or_on_a_version_that_is_not_loaded():
    bench = Bench()
    with pytest.raises(DataLossError, match="record 1"):
        bench.replay(content=record_bytes(records(1)[0]) + b"rest")
    with pytest.raises(NotFoundError):
        bench.replay(*records(1), id=ServableId("m", 4))
    assert bench.plane.replays == []
    assert bench.replay(content=b"").num_records == 0


ENDS = {"caller": CancelledError, "server": UnavailableError, "version": AbortedError, "new version": AbortedError}


class Ending:
    """A replay that is to end, for one reason or another, once `is_due`."""

    def __init__(self, who):
        self.who = who
        self.is_due = False
        self.bench = Bench(is_stopping=lambda: self.is_due and who == "server")

    def end(self):
        self.is_due = True
        if self.who == "version":
            self.bench.manager.pin = None
        elif self.who == "new version":
            self.bench.manager.pin = SimpleNamespace(servable=object())

    def replay(self):
        with pytest.raises(ENDS[self.who]):
            self.bench.replay(*records(5), is_wanted=lambda: not (self.is_due and self.who == "caller"))
        return len(self.bench.plane.replays)


@pytest.mark.parametrize("who", ENDS)
def test_it_ends_between_two_requests(who):
    ending = Ending(who)
    ending.bench.plane.on_replay = lambda api, message: ending.end() if message.endswith(b"b") else None
    assert ending.replay() == 2


@pytest.mark.parametrize("who", ENDS)
def test_it_ends_while_a_request_hangs(who):
    ending, release, done = Ending(who), threading.Event(), threading.Event()

    def hang(api, message):
        ending.end()
        release.wait(LIMIT_S)
        done.set()

    ending.bench.plane.on_replay = hang
    assert ending.replay() == 1
    assert not done.is_set()
    release.set()
    assert done.wait(LIMIT_S)


def test_the_first_request_that_takes_too_long_is_the_last():
    bench = Bench()

    def hang(api, message):
        bench.now_s += 7 if message.endswith(b"b") else 1
        if not message.endswith(b"c"):
            raise DeadlineExceededError("late")

    bench.plane.on_replay = hang
    with pytest.raises(DeadlineExceededError, match="record 1 was not answered within 7 s"):
        bench.replay(*records(5), timeout_s=7)
    assert [message[-1:] for _, _, message in bench.plane.replays] == [b"a", b"b"]
    assert bench.plane.replay_timeouts_s == [7, 7]


def test_there_are_few_at_a_time():
    bench = Bench()
    running, release = threading.Semaphore(0), threading.Event()

    def hold(api, message):
        running.release()
        release.wait(LIMIT_S)

    bench.plane.on_replay = hold
    threads = [threading.Thread(target=bench.replay, args=records(1)) for _ in range(MAX_REPLAYS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert running.acquire(timeout=LIMIT_S)
    with pytest.raises(ResourceExhaustedError, match="files are being replayed"):
        bench.replay(*records(1))
    release.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert bench.replay(*records(1)).num_records == 1


def test_what_was_given_up_keeps_its_place_as_long_as_it_runs():
    bench, hangs, release = Bench(), threading.Event(), threading.Event()

    def hang(api, message):
        hangs.set()
        release.wait(LIMIT_S)

    bench.plane.on_replay = hang
    for _ in range(MAX_REPLAYS):
        hangs.clear()
        with pytest.raises(CancelledError):
            bench.replay(*records(5), is_wanted=lambda: not hangs.is_set())
    with pytest.raises(ResourceExhaustedError, match="files are being replayed"):
        bench.replay(*records(1))
    hung = [thread for thread in threading.enumerate() if thread.name.startswith("salver-replay-")]
    release.set()
    for thread in hung:
        thread.join(LIMIT_S)
    assert bench.replay(*records(1)).num_records == 1


def test_quantiles_are_times_that_were_seen():
    assert quantiles([]) is None
    one = quantiles([0.5])
    assert (one.p50, one.p90, one.p99, one.max) == (0.5,) * 4
    many = quantiles([float(number) for number in range(100)])
    assert (many.p50, many.p90, many.p99, many.max) == (50, 90, 99, 99)
