"""The search on servers that are made up: so many runners that each take a fixed time."""

import heapq
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salver.bench.knee import LEAST_BOUND_S, Step, bound_of, knee_by_concurrency, knee_by_rate

WINDOW_S = 2.0


def step_of(load, offered, latencies, num_within):
    ordered = sorted(latencies)
    p99_s = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return Step(load=load, offered=offered, goodput=num_within / WINDOW_S, p99_s=p99_s, measured_s=WINDOW_S)


def server_of(num_runners, run_s):
    """Evenly spaced arrivals, first come, first served."""

    def measure(rate):
        free = [0.0] * num_runners
        ends = []
        arrivals = [index / rate for index in range(1, int(rate * WINDOW_S) + 1)]
        for at in arrivals:
            end = max(at, heapq.heappop(free)) + run_s
            heapq.heappush(free, end)
            ends.append(end)
        num_within = sum(end < WINDOW_S for end in ends) + rate * run_s  # what came before the window began
        return step_of(rate, rate, [end - at for at, end in zip(arrivals, ends, strict=True)], num_within)

    return measure


@settings(max_examples=30)
@given(num_runners=st.integers(1, 8), run_ms=st.floats(1, 50), start=st.floats(0.05, 0.9), margin=st.floats(2.0, 10.0))
def test_the_knee_by_rate_is_the_capacity_of_a_server_that_has_one(num_runners, run_ms, start, margin):
    run_s = run_ms / 1e3
    capacity = num_runners / run_s
    found = knee_by_rate(server_of(num_runners, run_s), start * capacity, margin * run_s)
    assert found.best is not None
    assert found.best.load == pytest.approx(capacity, rel=0.1)
    assert found.best.fault is None
    assert all(step.fault for step in found.steps if step.load > 1.1 * capacity)


def test_a_first_rate_that_is_too_high_is_no_end():
    found = knee_by_rate(server_of(1, 0.005), 3000, 0.025)
    assert found.best.load == pytest.approx(200, rel=0.05)


def test_the_reason_names_the_knee_and_what_lies_beyond():
    found = knee_by_rate(server_of(1, 0.005), 100, 0.025)
    reason = f"{found.best.load:.0f}/s is the highest rate whose p99 stays within 25 ms with all of it coming out; at "
    assert found.reason.startswith(reason)
    assert found.reason.endswith(("come out", "ms"))


def flat(load, p99_s=0.001, **fields):
    return Step(load=load, offered=load, goodput=load, p99_s=p99_s, **fields)


def test_one_disturbance_does_not_end_the_search():
    measured = []

    def measure(rate):
        measured.append(rate)
        is_disturbed = len(measured) == 2
        return flat(rate, p99_s=1.0 if is_disturbed or rate > 1000 else 0.001)

    found = knee_by_rate(measure, 100, 0.01)

    assert measured[:3] == [100, 200, 200]
    assert found.best.load == pytest.approx(1000, rel=0.03)


def test_failures_are_a_fault_whatever_the_latency():
    found = knee_by_rate(lambda rate: flat(rate, failed_share=0.2 if rate > 300 else 0.0), 100, 0.01)
    assert found.best.load == pytest.approx(300, rel=0.03)
    assert found.reason.endswith("20% of the requests fail")


def test_what_comes_out_is_set_beside_what_really_came():
    """Random arrivals may come to a tenth less than was asked for."""
    found = knee_by_rate(lambda rate: replace(flat(rate), offered=0.9 * rate, goodput=0.9 * rate), 100, 0.01, 800)
    assert found.best.load == 800


def test_a_server_without_a_limit_is_searched_up_to_the_highest_rate():
    found = knee_by_rate(flat, 100, 0.01, highest=1000)
    assert (found.best.load, found.capacity) == (1000, 1000)
    assert found.reason == "1,000/s, the highest rate that was tried, is still good"


def test_a_server_that_is_never_good_has_no_knee():
    found = knee_by_rate(lambda rate: flat(rate, p99_s=2.0), 100, 0.01)
    assert found.best is None
    assert found.steps[-1].load < 1
    assert found.reason.endswith("/s the p99 is 2,000 ms")
    assert found.reason.startswith("even at 0.")


def test_a_generator_at_its_limit_is_told():
    def measure(rate):
        return flat(rate, p99_s=1.0 if rate > 500 else 0.001, is_generator_busy=rate > 500)

    assert knee_by_rate(measure, 100, 0.01).reason.endswith("; the load generator itself was at its limit there")


@pytest.mark.parametrize(("num_runners", "knee"), [(1, 1), (4, 4), (6, 8)])
def test_the_knee_by_concurrency_is_where_more_in_flight_give_no_more(num_runners, knee):
    run_s = 0.005

    def measure(in_flight):
        goodput = min(in_flight, num_runners) / run_s
        return Step(load=in_flight, offered=goodput, goodput=goodput, p99_s=max(1, in_flight / num_runners) * run_s)

    found = knee_by_concurrency(measure, 1.0)

    assert (found.best.load, found.capacity) == (knee, num_runners / run_s)
    assert "the rate no longer grows" in found.reason


def test_the_bound_ends_the_search_by_concurrency():
    found = knee_by_concurrency(lambda load: flat(load, p99_s=load / 1e3), 0.010)
    assert found.best.load == 8
    assert found.reason.endswith("at 16 in flight the p99 is 16 ms")


def test_the_bound_is_made_from_the_unloaded_p99_and_has_a_floor():
    assert bound_of(0.006) == pytest.approx(0.030)
    assert bound_of(0.0001) == LEAST_BOUND_S
