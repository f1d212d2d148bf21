"""Counts of the queue, as they are told."""

from __future__ import annotations

import pytest

from salver.batching.stats import read_stats


class Queue:
    num_queued_rows = 4

    def __init__(self, sizes=(0, 0, 0, 0), micros=(0, 0, 0)):
        self.sizes = sizes
        self.micros = micros

    def counts(self):
        return [("full", 2), ("timeout", 0)], [("late", 1), ("stopped", 0)], [7, 9, 3]

    def histograms(self):
        times = ([100.0, 200.0], list(self.micros), sum(self.micros))
        return [([1.0, 2.0, 4.0], list(self.sizes), 0), times, times]


def test_counts_of_nothing_are_left_out():
    stats = read_stats(Queue())
    assert (stats.departures, stats.refusals, stats.num_batches) == ({"full": 2}, {"late": 1}, 2)
    assert (stats.num_calls, stats.num_rows, stats.num_padding_rows, stats.num_queued_rows) == (7, 9, 3, 4)
    assert (stats.batch_sizes, stats.wait, stats.run) == ({}, None, None)


def test_batch_sizes_are_counted_up_to_their_key():
    assert read_stats(Queue(sizes=(1, 2, 3, 4))).batch_sizes == {1: 3, 3: 3, 9: 4}


@pytest.mark.parametrize(
    ("micros", "p50_s", "p99_s"),
    [((100, 0, 0), 50e-6, 99e-6), ((50, 50, 0), 100e-6, 198e-6), ((0, 0, 10), 300e-6, 398e-6)],
)
def test_quantiles_lie_in_the_bucket_of_their_sample(micros, p50_s, p99_s):
    times = read_stats(Queue(micros=micros)).run
    assert (times.p50_s, times.p99_s) == (pytest.approx(p50_s), pytest.approx(p99_s))
