import threading

import numpy as np
import pytest

from salver import CallableServable, TensorSpec, wire
from salver.core.ids import ServableId
from salver.errors import (
    CancelledError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    OutOfRangeError,
    UnavailableError,
    UnimplementedError,
)
from salver.records.tensors import tensor_array
from salver.records.warmup_files import MAX_RECORDS
from salver.server.metrics import Metrics
from salver.server.serving_table import DataPlaneServingTable
from salver.server.warmup import Warmup, WarmupOptions
from salver.testing.fake_dataplane import FakeDataPlane
from tests.support.prediction_logs import log_record, predict_record, write_warmup_data

ID = ServableId("m", 3)
SPEC = {"x": TensorSpec(np.float32, [None])}
LIMIT_S = 20


class Warmable:
    """A servable with a warm-up of its own."""

    signatures = CallableServable(dict, inputs=SPEC, outputs=SPEC).signatures

    def __init__(self, error=None):
        self.num_warmups = 0
        self._error = error

    def run(self, signature, inputs):
        raise AssertionError("the fake plane runs nothing")

    def warmup(self):
        self.num_warmups += 1
        if self._error:
            raise self._error


SERVABLE = CallableServable(dict, inputs=SPEC, outputs=SPEC)


class Bench:
    """A warm-up over a fake plane."""

    def __init__(self, directory, **options):
        self.directory = directory
        self.plane = FakeDataPlane()
        self.table = DataPlaneServingTable(self.plane)
        self.metrics = Metrics()
        self.warmup = Warmup(self.plane, self.table, WarmupOptions(**options), self.metrics)
        self.cancelled = threading.Event()

    def run(self, *records, servable=SERVABLE):
        if records:
            write_warmup_data(self.directory, records)
        self.warmup.run(ID, servable, str(self.directory), self.cancelled)

    def num_records(self, status="OK"):
        """What was counted for warm-ups that ended so; None where there was none."""
        labels = (str(self.directory), status)
        (latency,) = self.metrics.warmup_latency.snapshot().series or [None]
        (read,) = self.metrics.warmup_records_read.snapshot().series or [None]
        assert latency is None or (latency.labels, sum(latency.bucket_counts)) == (labels, 1)
        assert read is None or read.labels == labels
        return read and read.value

    def requests(self):
        return [request for _, _, request in self.plane.replays]


@pytest.fixture
def bench(tmp_path):
    return lambda **options: Bench(tmp_path, **options)


def request(number):
    """A PredictRequest that can be told apart."""
    return b"\x0a\x03\x0a\x01" + bytes([97 + number])


def records(count):
    return [predict_record(request(number)) for number in range(count)]


def fail_at(message, error):
    def on_replay(api, sent):
        if sent == message:
            raise error

    return on_replay


def test_each_record_is_replayed_in_order_on_an_unpublished_target(bench):
    made = bench()
    made.run(*records(3))
    assert made.requests() == [request(0), request(1), request(2)]
    (target, api, _), *_ = made.plane.replays
    assert (target.spec.name, target.spec.version, target.spec.servable, api) == ("m", 3, SERVABLE, "predict")
    assert made.plane.rows == {}


def test_each_record_is_repeated_in_a_row(bench):
    made = bench(num_iterations=2)
    made.run(*records(2))
    assert made.requests() == [request(0), request(0), request(1), request(1)]
    assert made.num_records() == 2


def test_no_file_is_no_warmup(bench, caplog):
    caplog.set_level("INFO")
    made = bench()
    made.run()
    assert made.plane.replays == []
    assert made.num_records() is None
    assert f"No warmup data file found at {made.directory}/assets.extra/tf_serving_warmup_requests" in caplog.text


def test_begin_and_end_stand_in_the_log(bench, caplog):
    caplog.set_level("INFO")
    made = bench()
    made.run(*records(2))
    assert f"Starting to read warmup data for model at {made.directory}" in caplog.text
    assert f"Finished reading warmup data for model at {made.directory}. " in caplog.text
    assert "Number of warmup records read: 2. Elapsed time (microseconds): " in caplog.text


def test_a_record_without_a_request_counts_and_is_not_replayed(bench):
    made = bench()
    made.run(b"", *records(1))
    assert made.requests() == [request(0)]
    assert made.num_records() == 2


def test_an_error_names_the_record_and_ends_the_warmup(bench):
    made = bench()
    made.plane.on_replay = fail_at(request(1), FailedPreconditionError("no such signature"))
    with pytest.raises(FailedPreconditionError, match="record 1: no such signature"):
        made.run(*records(3))
    assert made.requests() == [request(0), request(1)]
    assert made.num_records("FAILED_PRECONDITION: Warm-up failed at record 1: no such signature") == 2


@pytest.mark.parametrize("num_threads", [1, 3])
def test_an_out_of_range_error_is_a_failure_and_no_end_of_file(bench, num_threads):
    made = bench(num_threads=num_threads)
    made.plane.on_replay = fail_at(request(1), OutOfRangeError("index"))
    with pytest.raises(OutOfRangeError, match="record 1: index"):
        made.run(*records(3))


@pytest.mark.parametrize(
    ("record", "error", "text"),
    [
        (b"\xff\xff", InvalidArgumentError, "record 1: expected a serialized PredictionLog"),
        (log_record("session_run_log", "SessionRunLog", "SessionRunRequest"), UnimplementedError, "record 1: "),
        (log_record("predict_streamed_log", "PredictStreamedLog", "PredictRequest"), UnimplementedError, "record 1: "),
    ],
)
def test_a_record_that_cannot_be_replayed_is_named(bench, record, error, text):
    made = bench()
    with pytest.raises(error, match=text):
        made.run(*records(1), record)
    assert made.requests() == [request(0)]


def test_damage_is_told_after_the_records_before_it(bench):
    made = bench()
    file = write_warmup_data(made.directory, records(2))
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DataLossError, match=r"record 1: .*Please verify that the data is in TFRecord format"):
        made.run()
    assert made.requests() == [request(0)]


@pytest.mark.parametrize("num_threads", [1, 4])
def test_one_record_over_the_limit_is_replayed_and_then_refused(bench, num_threads):
    made = bench(num_threads=num_threads)
    with pytest.raises(InvalidArgumentError, match=r"exceeds the maximum \(1000\)"):
        made.run(*[predict_record(request(0))] * (MAX_RECORDS + 1))
    assert len(made.requests()) == MAX_RECORDS + 1


def test_as_many_records_as_allowed_are_fine(bench):
    made = bench()
    made.run(*[predict_record(request(0))] * MAX_RECORDS)
    assert made.num_records() == MAX_RECORDS


def test_threads_replay_at_the_same_time(bench):
    made, all_there = bench(num_threads=3), threading.Barrier(3)
    made.plane.on_replay = lambda *_: all_there.wait(LIMIT_S)
    made.run(*records(6))
    assert sorted(made.requests()) == [request(number) for number in range(6)]


def test_a_failure_on_one_thread_ends_all(bench):
    made = bench(num_threads=2)
    made.plane.on_replay = fail_at(request(2), InvalidArgumentError("odd"))
    with pytest.raises(InvalidArgumentError, match=r"record [23]: odd"):
        made.run(*records(3), *[predict_record(request(2))] * 500)
    assert len(made.requests()) <= 5


def test_a_version_that_is_no_longer_wanted_is_given_up_after_the_present_request(bench):
    made = bench(num_iterations=5)
    made.plane.on_replay = lambda *_: made.cancelled.set()
    with pytest.raises(CancelledError):
        made.run(*records(3))
    assert made.requests() == [request(0)]


def test_a_request_that_fails_once_the_version_is_no_longer_wanted_is_not_the_reason(bench):
    def refuse(*_):
        made.cancelled.set()
        raise UnavailableError("The server is shutting down.")

    made = bench()
    made.plane.on_replay = refuse
    with pytest.raises(CancelledError, match="no longer wanted"):
        made.run(*records(1))


def test_a_servable_that_cannot_be_called_has_no_use_for_a_file(bench):
    with pytest.raises(InvalidArgumentError, match="no signatures"):
        bench().run(*records(1), servable=object())
    bench().warmup.run(ID, object(), None, threading.Event())


def test_the_servables_own_warmup_is_called_before_the_file(bench):
    made, servable = bench(), Warmable()
    made.plane.on_replay = lambda *_: seen.append(servable.num_warmups)
    seen = []
    made.run(*records(1), servable=servable)
    assert seen == [1]


def test_the_servables_own_warmup_needs_no_directory_and_may_fail(bench):
    servable = Warmable(ValueError("too cold"))
    with pytest.raises(ValueError, match="too cold"):
        bench().warmup.run(ID, servable, None, threading.Event())


def test_the_log_can_name_a_servable_that_warms_up(bench):
    made, names = bench(), []
    made.plane.on_replay = lambda *_: names.append(made.table.name_of(SERVABLE))
    made.run(*records(1))
    assert names == [str(ID)]
    assert made.table.name_of(SERVABLE) == "CallableServable"


def test_files_of_all_kinds_are_replayed_one_after_the_other(bench, tmp_path):
    made = bench()
    write_warmup_data(tmp_path, records(1))
    (tmp_path / "assets.extra" / "warmup.json").write_text('[{"instances": [1.5]}]')
    np.savez(tmp_path / "assets.extra" / "warmup.npz", x=np.array([2.5]))
    made.run()
    first, *others = made.requests()
    assert first == request(0)
    assert [x_of(message) for message in others] == [[1.5], [2.5]]
    assert made.num_records() == 3


def test_the_operators_file_comes_after_those_of_the_version(bench, tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "m.json").write_text('[{"inputs": [3.5]}]')
    (folder / "other.json").write_text("no JSON")
    made = bench(folder=str(folder))
    made.run(*records(1))
    assert made.requests()[0] == request(0)
    assert [x_of(message) for message in made.requests()[1:]] == [[3.5]]


def test_an_object_of_the_program_is_warmed_up_with_the_operators_file(bench, tmp_path):
    (tmp_path / "m.json").write_text('[{"inputs": [3.5]}]')
    made = bench(folder=str(tmp_path))
    made.warmup.run(ID, SERVABLE, None, made.cancelled)
    assert [x_of(message) for message in made.requests()] == [[3.5]]


def test_a_wrong_request_in_json_fails_and_is_named(bench, tmp_path):
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "warmup.json").write_text('[{"inputs": [1]}, {"inputs": ["a"]}]')
    made = bench()
    with pytest.raises(InvalidArgumentError, match=r"Warm-up failed at request 1 of warmup\.json: input x"):
        made.run()
    assert len(made.requests()) == 1


def x_of(message):
    return tensor_array(wire.PredictRequest.FromString(message).inputs["x"]).tolist()
