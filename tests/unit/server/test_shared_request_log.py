import itertools

import pytest

from salver.boundary import LogEntries, LogEntry, LogRule
from salver.server.shared_request_log import SharedRequestLog
from salver.testing.fake_dataplane import FakeDataPlane
from salver.wire import PredictionLog


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self, model="m", sampling_rate=1.0):
        self.model, self.sampling_rate = model, sampling_rate
        self.heard, self.num_dropped = [], 0

    def offer(self, record):
        self.heard.append(record)

    def note_dropped(self, num_dropped):
        self.num_dropped += num_dropped


class Bench:
    def __init__(self, *chances):
        self.plane = FakeDataPlane()
        self.log = SharedRequestLog(self.plane, chance=itertools.chain(chances, itertools.repeat(0.0)).__next__)

    def pull(self, *records, model="m", number=None, dropped=None):
        """What loggers get of records that come by the present rule, or by an older one."""
        number = self.plane.log_rules[model].logger if number is None else number
        self.plane.submit_log_entries(
            LogEntries([LogEntry(model, number, record) for record in records], dropped or {})
        )
        pulled = self.log.next_log_entries(0)
        return [(entry.logger, entry.record) for entry in pulled.entries], dict(pulled.dropped)


def test_without_recordings_everything_passes_through():
    bench = Bench()
    bench.log.set_log_rules([LogRule("m", 0.5, 3, b"about")])
    assert bench.plane.log_rules == {"m": LogRule("m", 0.5, 3, b"about")}
    assert bench.pull(b"a", dropped={"m": 2}) == ([(3, b"a")], {"m": 2})


def test_a_model_that_is_not_logged_is_recorded_and_loggers_hear_nothing_of_it():
    bench, ear = Bench(), Ear(sampling_rate=0.25)
    bench.log.add(ear)
    rule = bench.plane.log_rules["m"]
    about = PredictionLog(log_metadata=PredictionLog().log_metadata.FromString(rule.metadata))
    assert (rule.sampling_rate, about.log_metadata.sampling_config.sampling_rate) == (0.25, 0.25)
    assert bench.pull(b"a", b"b", dropped={"m": 2, "other": 1}) == ([], {"other": 1})
    assert (ear.heard, ear.num_dropped) == ([b"a", b"b"], 2)
    bench.log.remove(ear)
    assert bench.plane.log_rules == {}


@pytest.mark.parametrize(("logged", "recorded"), [(0.5, 1.0), (1.0, 0.5)])
def test_each_side_gets_its_own_share(logged, recorded):
    bench, ear = Bench(0.6, 0.4), Ear(sampling_rate=recorded)
    bench.log.set_log_rules([LogRule("m", logged, 3, b"about"), LogRule("n", 0.1, 4)])
    bench.log.add(ear)
    rule = bench.plane.log_rules["m"]
    assert (rule.sampling_rate, rule.metadata) == (1.0, b"about")
    assert bench.plane.log_rules["n"] == LogRule("n", 0.1, 4)
    to_loggers, dropped = bench.pull(b"a", b"b", dropped={"m": 1})
    chosen, all_ = [b"b"], [b"a", b"b"]
    assert to_loggers == [(3, record) for record in (chosen if logged < 1 else all_)]
    assert ear.heard == (chosen if recorded < 1 else all_)
    assert (dropped, ear.num_dropped) == ({"m": 1}, 1)


def test_two_recordings_of_one_model_each_hear_it():
    bench, first, second = Bench(0.9, 0.4), Ear(), Ear(sampling_rate=0.5)
    bench.log.add(first)
    bench.log.add(second)
    bench.pull(b"a", b"b")
    assert (first.heard, second.heard) == ([b"a", b"b"], [b"b"])
    bench.log.remove(first)
    bench.pull(b"c")
    assert (first.heard, second.heard) == ([b"a", b"b"], [b"b", b"c"])


def test_new_rules_keep_recordings_and_late_entries_still_find_their_logger():
    bench, ear = Bench(), Ear()
    bench.log.set_log_rules([LogRule("m", 1.0, 3)])
    bench.log.add(ear)
    late = bench.plane.log_rules["m"].logger
    bench.log.set_log_rules([])
    assert bench.plane.log_rules["m"].logger != late
    assert bench.pull(b"late", number=late)[0] == [(3, b"late")]
    bench.log.remove(ear)
    assert bench.pull(b"later", number=late)[0] == [(3, b"later")]
    assert bench.pull(b"old", number=3)[0] == [(3, b"old")]


def test_rules_that_went_are_forgotten_in_the_end():
    bench = Bench()
    bench.log.add(first := Ear())
    number = bench.plane.log_rules["m"].logger
    for _ in range(100):
        bench.log.add(ear := Ear())
        bench.log.remove(ear)
    assert bench.pull(b"a", number=number)[0] == []
    assert first.heard == []
    bench.pull(b"b")
    assert first.heard == [b"b"]


def test_the_end_of_the_log_is_passed_on():
    bench = Bench()
    bench.log.add(Ear())
    bench.plane.stop()
    assert bench.log.next_log_entries(0) is None
