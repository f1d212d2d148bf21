from __future__ import annotations

import itertools
import statistics

import pytest

from benches.goodput import Fate, poisson_arrivals, tally


def test_arrivals_are_in_order_within_the_time_and_the_same_for_a_seed():
    arrivals = poisson_arrivals(100.0, 5.0, seed=3)

    assert arrivals == sorted(arrivals)
    assert arrivals[0] > 0.0
    assert arrivals[-1] < 5.0
    assert arrivals == poisson_arrivals(100.0, 5.0, seed=3)
    assert arrivals != poisson_arrivals(100.0, 5.0, seed=4)


def test_arrivals_have_the_rate_and_the_spread_of_a_poisson_process():
    arrivals = poisson_arrivals(200.0, 100.0)
    gaps = [later - earlier for earlier, later in itertools.pairwise(arrivals)]

    assert len(arrivals) == pytest.approx(20_000, rel=0.03)
    assert statistics.pstdev(gaps) == pytest.approx(statistics.fmean(gaps), rel=0.05)


def test_every_request_counts_once_by_what_came_and_when():
    fates = [
        Fate(1.0, 0.02, is_answered=True),
        Fate(1.1, 0.10, is_answered=True),
        Fate(1.2, 0.11, is_answered=True),  # late
        Fate(1.3, 0.01),  # refused
        Fate(1.4, 0.20),  # an error after the deadline
        Fate(1.5),  # nothing came
    ]

    got = tally(fates, 0.1, since_s=1.0, until_s=3.0)

    assert (got.offered_per_s, got.goodput_per_s, got.late_per_s) == (3.0, 1.0, 0.5)
    assert (got.refused_per_s, got.expired_per_s) == (0.5, 1.0)
    assert (got.p99_s, got.refused_p50_s) == (0.10, 0.01)


def test_requests_before_the_load_has_settled_do_not_count():
    fates = [Fate(0.5, 0.01, is_answered=True), Fate(1.5, 0.01, is_answered=True), Fate(2.5, 0.01, is_answered=True)]
    assert tally(fates, 0.1, since_s=1.0, until_s=2.0).goodput_per_s == 1.0


def test_a_load_without_answers_has_no_goodput():
    got = tally([Fate(0.0, 0.01)], 0.1, since_s=0.0, until_s=1.0)
    assert (got.goodput_per_s, got.p50_s, got.refused_per_s) == (0.0, 0.0, 1.0)
