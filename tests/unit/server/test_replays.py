import threading
from contextlib import contextmanager

import numpy as np
import pytest

from salver import CallableServable, TensorSpec
from salver.core.ids import ServableId
from salver.errors import CancelledError, DataLossError, InvalidArgumentError, NotFoundError, ResourceExhaustedError
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

    def get_servable_handle(self, request):
        if (request.name, request.version) != ID:
            raise NotFoundError(f"Servable not found for request: {request}")
        return self._handle()

    @contextmanager
    def _handle(self):
        yield type("Handle", (), {"id": ID, "servable": SERVABLE})


class Bench:
    def __init__(self, is_stopping=lambda: False):
        self.plane = FakeDataPlane()
        self.now_s = 0.0
        table = DataPlaneServingTable(self.plane)
        self.replays = Replays(self.plane, table, Handles(), is_stopping=is_stopping, clock=lambda: self.now_s)

    def replay(self, *records, concurrency=1, is_wanted=lambda: True, id=ID, content=None):
        content = b"".join(map(record_bytes, records)) if content is None else content
        return self.replays.replay(id, content, concurrency, is_wanted)


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


@pytest.mark.parametrize("who", ["caller", "server"])
def test_it_ends_when_nobody_wants_it_any_more(who):
    bench = Bench(is_stopping=lambda: who == "server" and len(bench.plane.replays) >= 2)
    with pytest.raises(CancelledError):
        bench.replay(*records(5), is_wanted=lambda: who == "server" or len(bench.plane.replays) < 2)
    assert len(bench.plane.replays) == 2


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


def test_quantiles_are_times_that_were_seen():
    assert quantiles([]) is None
    one = quantiles([0.5])
    assert (one.p50, one.p90, one.p99, one.max) == (0.5,) * 4
    many = quantiles([float(number) for number in range(100)])
    assert (many.p50, many.p90, many.p99, many.max) == (50, 90, 99, 99)
