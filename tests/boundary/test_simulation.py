"""The scheduler under made-up loads, from Python."""

from __future__ import annotations

from dataclasses import replace

import pytest

from salver.boundary import BatchingPolicy, Simulation, SimulationReport
from salver.dataplane import capacity, simulate

FLAT = Simulation(policy=BatchingPolicy(max_batch_size=8), curve=((1, 0.01), (8, 0.01)), requests_per_s=400.0, seed=7)


def test_equal_seeds_give_equal_reports():
    assert simulate(FLAT) == simulate(FLAT)
    assert simulate(FLAT) != simulate(replace(FLAT, seed=8))


def test_capacity_is_that_of_the_best_batch_on_all_runners():
    assert capacity(FLAT) == pytest.approx(800)
    assert capacity(replace(FLAT, num_runners=2)) == pytest.approx(1600)
    assert capacity(replace(FLAT, num_runners=2, sharing=1.0)) == pytest.approx(800)


def test_batches_grow_with_what_comes():
    report = simulate(FLAT)
    assert report.rows_per_s == pytest.approx(400, rel=0.1)
    assert 1 < report.mean_batch_rows <= 8
    assert 0.01 <= report.p50_s <= report.p99_s
    assert (report.num_refused, sum(report.departures.values()) > 0) == (0, True)


def test_without_batches_the_same_load_does_not_get_through():
    report = simulate(replace(FLAT, policy=BatchingPolicy(max_batch_size=1)))
    assert report.rows_per_s == pytest.approx(100, rel=0.05)
    assert report.num_answered < report.num_requests / 2


def test_clients_wait_for_their_answers():
    report = simulate(replace(FLAT, num_clients=4))
    assert isinstance(report, SimulationReport)
    assert report.rows_per_s == pytest.approx(400, rel=0.1), "four rows in each 10 ms"
    assert report.mean_batch_rows <= 4
