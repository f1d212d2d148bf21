import threading
from dataclasses import replace

import pytest

from salver import ModelConfig, wire
from salver.boundary import LogEntries, LogEntry
from salver.config.server_config import RequestLoggingConfig
from salver.errors import NotFoundError
from salver.server.metrics import Metrics
from salver.server.record_files import FileLimits
from salver.server.request_loggers import RequestLoggers, RequestLogOptions, check_request_logging
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_dataplane import FakeDataPlane
from salver.wire.tfrecord import read_records
from tests.support.server_process import wait_until

LIMIT_S = 20


class QuietPlane(FakeDataPlane):
    """Keeps its entries from the thread, so that a test hands them over itself."""

    def next_log_entries(self, timeout_s):
        if timeout_s:
            self.stopped.wait(LIMIT_S)
            return None
        return super().next_log_entries(timeout_s)

    def __init__(self):
        self.stopped = threading.Event()
        super().__init__()

    def stop(self):
        super().stop()
        self.stopped.set()


class Bench:
    """Loggers over a fake plane, and what they counted."""

    def __init__(self, folder, plane=None):
        self.folder = folder
        self.plane = plane or QuietPlane()
        self.clock = FakeClock()
        self.metrics = Metrics()
        options = RequestLogOptions(
            tags_of=lambda platform: ("serve",) if platform == "tensorflow" else (), limits=FileLimits(max_age_s=60)
        )
        self.loggers = RequestLoggers(self.plane, options, self.metrics, clock=self.clock)

    @property
    def logged(self):
        return {series.labels: series.value for series in self.metrics.request_log_count.snapshot().series}

    @property
    def dropped(self):
        return {series.labels: series.value for series in self.metrics.request_log_dropped.snapshot().series}

    def config(self, prefix="log", **fields):
        fields = {"collector_type": "", "sampling_rate": 1.0, **fields}
        return RequestLoggingConfig(filename_prefix=str(self.folder / prefix), **fields)

    def handle(self, *records, logger=None, dropped=None):
        entries = [LogEntry(m, self.plane.log_rules[m].logger if logger is None else logger, r) for m, r in records]
        self.loggers.handle(LogEntries(entries, dropped or {}))

    def finished(self):
        """The records of each prefix in finished files."""
        found = {}
        for path in sorted(self.folder.glob("*.tfrecord")):
            with path.open("rb") as stream:
                found.setdefault(path.name.split("-")[0], []).extend(read_records(stream))
        return found

    def close(self):
        self.plane.stop()
        self.loggers.close()


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def model(name, logging=None):
    return ModelConfig(name=name, base_path="/m", request_logging=logging)


def test_models_that_ask_for_it_are_logged(bench):
    bench.loggers.update([model("a", bench.config(sampling_rate=0.25)), model("b")])
    (rule,) = bench.plane.log_rules.values()
    assert (rule.model, rule.sampling_rate) == ("a", 0.25)
    metadata = wire.LogMetadata.FromString(rule.metadata)
    assert metadata.sampling_config.sampling_rate == 0.25
    assert list(metadata.saved_model_tags) == ["serve"]


def test_models_that_are_no_saved_models_have_no_tags(bench):
    bench.loggers.update([replace(model("a", bench.config()), platform="python")])
    metadata = wire.LogMetadata.FromString(bench.plane.log_rules["a"].metadata)
    assert list(metadata.saved_model_tags) == []


def test_what_is_pulled_is_written_and_counted(bench):
    bench.loggers.update([model("a", bench.config())])
    bench.handle(("a", b"one"), ("a", b"two"))
    bench.close()
    assert bench.finished() == {"log": [b"one", b"two"]}
    assert bench.logged == {("a", "OK"): 2}


def test_models_with_the_same_configuration_share_a_logger(bench):
    bench.loggers.update([model("a", bench.config()), model("b", bench.config()), model("c", bench.config("other"))])
    rules = bench.plane.log_rules
    assert rules["a"].logger == rules["b"].logger != rules["c"].logger
    bench.handle(("a", b"1"), ("c", b"2"), ("b", b"3"))
    bench.close()
    assert bench.finished() == {"log": [b"1", b"3"], "other": [b"2"]}
    assert len(list(bench.folder.iterdir())) == 2


def test_an_unchanged_configuration_keeps_its_logger_and_its_file(bench):
    bench.loggers.update([model("a", bench.config())])
    number = bench.plane.log_rules["a"].logger
    bench.handle(("a", b"1"))
    bench.loggers.update([model("b", bench.config()), model("c", bench.config("other"))])
    assert bench.plane.log_rules["b"].logger == number
    bench.handle(("b", b"2"))
    assert bench.finished() == {}
    bench.close()
    assert bench.finished() == {"log": [b"1", b"2"]}
    assert len(list(bench.folder.iterdir())) == 1


def test_a_logger_that_goes_still_writes_what_was_queued_and_then_finishes(bench):
    config = bench.config()
    bench.loggers.update([model("a", config)])
    number = bench.plane.log_rules["a"].logger
    bench.handle(("a", b"1"))
    bench.loggers.update([model("a", replace(config, sampling_rate=0.5))])
    assert bench.plane.log_rules["a"].logger != number
    bench.handle(("a", b"2"), logger=number)
    assert bench.finished() == {"log": [b"1", b"2"]}
    bench.handle(("a", b"too late"), logger=number)
    assert bench.logged == {("a", "OK"): 2, ("a", "CANCELLED"): 1}


def test_without_models_nothing_is_logged_any_more(bench):
    bench.loggers.update([model("a", bench.config())])
    bench.loggers.update([])
    assert bench.plane.log_rules == {}


def test_old_files_are_finished_while_nothing_comes(bench):
    bench.loggers.update([model("a", bench.config())])
    bench.handle(("a", b"1"))
    bench.clock.advance(60)
    bench.handle()
    assert bench.finished() == {"log": [b"1"]}


def test_drops_are_counted_and_told_once_in_a_while(bench, caplog):
    bench.loggers.update([model("a", bench.config())])
    for _ in range(3):
        bench.handle(dropped={"a": 2})
    bench.clock.advance(60)
    bench.handle(dropped={"a": 1})
    assert bench.dropped == {("a",): 7}
    assert bench.logged == {("a", "RESOURCE_EXHAUSTED"): 7}
    assert [record.args[0] for record in caplog.records] == [2, 1]


def test_trouble_with_the_disk_is_counted_told_once_in_a_while_and_got_over(bench, caplog):
    (bench.folder / "blocked").touch()
    bench.loggers.update([model("a", bench.config("blocked/log")), model("b", bench.config())])
    bench.handle(("a", b"1"), ("b", b"2"))
    bench.handle(("a", b"3"))
    assert bench.logged == {("a", "UNKNOWN"): 2, ("b", "OK"): 1}
    assert caplog.text.count("The request log cannot be written") == 1
    (bench.folder / "blocked").unlink()
    bench.handle(("a", b"4"))
    bench.close()
    assert bench.logged["a", "OK"] == 1
    assert len(list((bench.folder / "blocked").glob("*.tfrecord"))) == 1


def test_what_is_left_at_the_end_is_written(tmp_path):
    bench = Bench(tmp_path)
    bench.loggers.update([model("a", bench.config())])
    number = bench.plane.log_rules["a"].logger
    bench.plane.submit_log_entries(LogEntries([LogEntry("a", number, b"1")]))
    bench.close()
    assert bench.finished() == {"log": [b"1"]}


def test_the_thread_writes_what_the_plane_gives(tmp_path):
    bench = Bench(tmp_path, FakeDataPlane())
    bench.loggers.update([model("a", bench.config())])
    number = bench.plane.log_rules["a"].logger
    bench.plane.submit_log_entries(LogEntries([LogEntry("a", number, b"1")]))
    wait_until(lambda: bench.logged, LIMIT_S, "a record")
    bench.close()
    assert bench.finished() == {"log": [b"1"]}


def test_close_without_any_logger_is_nothing(tmp_path):
    bench = Bench(tmp_path)
    bench.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["", "tfrecord"])
def test_known_collectors_are_fine(bench, kind):
    check_request_logging([model("a", bench.config(collector_type=kind)), model("b")])


def test_an_unknown_collector_is_named(bench):
    with pytest.raises(NotFoundError, match="model a: no log collector is called kafka; known: tfrecord"):
        check_request_logging([model("a", bench.config(collector_type="kafka"))])
