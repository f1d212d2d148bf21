"""Writing down what is told of single requests."""

from __future__ import annotations

import logging

from salver.boundary import JournalEntries
from salver.server.journal import Journal
from salver.server.metrics import Metrics
from salver.testing.fake_dataplane import FakeDataPlane
from tests.support.journal import journal_entry


class Written:
    """An access log that keeps what it is given."""

    def __init__(self):
        self.ids = []

    def write(self, entry):
        self.ids.append(entry.request_id)


class Exporter:
    """An exporter with room for so many requests."""

    def __init__(self, room=100):
        self.room, self.ids, self.is_closed = room, [], False

    def export(self, entry):
        if len(self.ids) == self.room:
            return False
        self.ids.append(entry.request_id)
        return True

    def close(self):
        self.is_closed = True


def count(counter):
    return sum(series.value for series in counter.snapshot().series)


def test_each_request_goes_where_it_belongs():
    log, exporter = Written(), Exporter()
    journal = Journal(FakeDataPlane(), Metrics(), exporter=exporter, access_log=log)

    journal.handle(
        JournalEntries(
            [
                journal_entry(request_id="both"),
                journal_entry(request_id="traced", is_logged=False),
                journal_entry(request_id="logged", trace=None),
            ]
        )
    )

    assert (log.ids, exporter.ids) == (["both", "logged"], ["both", "traced"])


def test_what_is_lost_is_counted_and_told_once_in_a_while(caplog):
    metrics = Metrics()
    journal = Journal(FakeDataPlane(), metrics, exporter=Exporter(room=1), access_log=Written(), clock=lambda: 0.0)

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            journal.handle(JournalEntries([journal_entry()] * 2, num_dropped=5))

    assert (count(metrics.journal_dropped), count(metrics.traces_dropped)) == (10, 3)
    assert len(caplog.records) == 1


def test_what_is_left_at_the_end_is_written():
    plane, log, exporter = FakeDataPlane(), Written(), Exporter()
    journal = Journal(plane, Metrics(), exporter=exporter, access_log=log)
    journal.start()
    plane.submit_journal_entries(JournalEntries([journal_entry(request_id="first")]))
    plane.stop()
    plane.submit_journal_entries(JournalEntries([journal_entry(request_id="last")]))

    journal.close()

    assert (log.ids, exporter.is_closed) == (["first", "last"], True)


def test_a_journal_of_nothing_pulls_nothing():
    plane = FakeDataPlane()
    journal = Journal(plane, Metrics())
    plane.next_journal_entries = lambda _timeout_s: (_ for _ in ()).throw(AssertionError("pulled"))

    journal.start()
    journal.close()
