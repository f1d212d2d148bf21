"""Advice from given curves; what the scheduler makes of them is a matter of tests/boundary/test_simulation.py."""

from dataclasses import replace

import pytest

from salver.boundary import BatchingPolicy
from salver.tune.advice import advise, static_settings
from salver.tune.goal import Goal
from salver.tune.trials import Trials
from tests.unit.tune.conftest import World

TARGET_S = 0.05


def advice(profile, p99_s, **goal):
    world = World(p99_s)
    return advise(profile, Trials(profile, world.simulate, world.capacity), Goal(**goal))


def by_mode(adaptive_s, static_s):
    return lambda simulation: adaptive_s if simulation.policy.is_adaptive else static_s


def test_each_size_is_tried_with_each_wait(profile):
    world = World(by_mode(1, 1))
    settings = list(static_settings(profile, Trials(profile, world.simulate, world.capacity)))
    assert [(setting.max_batch_size, setting.batch_timeout_s) for setting in settings] == [
        (1, 0.0),
        *((2, timeout) for timeout in (0.0, 0.00275, 0.011)),
        *((4, timeout) for timeout in (0.0, 0.003, 0.012)),
    ]
    assert not any(setting.is_adaptive for setting in settings)


@pytest.mark.parametrize(
    ("adaptive_s", "reason"),
    [
        (0.018, "adaptive is as good as the best static setting: leave it"),
        (0.020, "adaptive is as good as the best static setting: leave it"),
        (0.0216, "adaptive is within 8% of the best static setting: leave it"),
    ],
)
def test_adaptive_is_left_where_it_is_nearly_as_good(profile, adaptive_s, reason):
    found = advice(profile, by_mode(adaptive_s, 0.020))
    assert (found.reason, found.policy) == (reason, BatchingPolicy(max_batch_size=4))


def test_a_static_setting_that_is_plainly_better_is_advised(profile):
    def p99_s(simulation):
        policy = simulation.policy
        return 0.010 if (policy.is_adaptive, policy.max_batch_size, policy.batch_timeout_s) == (False, 4, 0.0) else 0.02

    found = advice(profile, p99_s, requests_per_s=100)

    assert (found.policy.is_adaptive, found.policy.max_batch_size, found.policy.batch_timeout_s) == (False, 4, 0.0)
    assert found.reason == "at 100/s the p99 is 10 ms with this static setting; with adaptive the p99 is 20 ms"


def test_a_static_setting_that_is_better_under_one_load_alone_is_not_advised(profile):
    """Below half of the capacity size 2 is best and above it size 4, each far worse than adaptive elsewhere."""

    def p99_s(simulation):
        if simulation.policy.is_adaptive:
            return 0.015
        best = 2 if simulation.requests_per_s < 170 else 4
        return 0.010 if simulation.policy.max_batch_size == best else 0.030

    found = advice(profile, p99_s)

    assert found.policy.is_adaptive
    assert found.reason == "no static setting is as good as adaptive under all of these loads: leave it"


def test_loads_are_by_default_shares_of_the_capacity(profile):
    found = advice(profile, by_mode(0.02, 0.02))
    assert found.capacity == pytest.approx(4 / 0.012)
    rates = [comparison.load.requests_per_s for comparison in found.comparisons]
    assert rates == pytest.approx([share * 4 / 0.012 for share in (0.3, 0.7, 0.95)])
    assert found.sustainable == ()


@pytest.mark.parametrize(
    ("goal", "text"), [({"requests_per_s": 1234.0}, "1,234/s"), ({"num_clients": 64}, "64 clients")]
)
def test_a_given_load_is_the_only_one(profile, goal, text):
    found = advice(profile, by_mode(0.02, 0.02), **goal)
    assert [str(comparison.load) for comparison in found.comparisons] == [text]


def test_a_setting_that_keeps_up_is_better_than_one_that_does_not(profile):
    def p99_s(simulation):
        if simulation.policy.is_adaptive:
            return None
        return 0.5 if simulation.policy.max_batch_size == 4 else None

    found = advice(profile, p99_s, requests_per_s=300)

    assert found.comparisons[0].static.keeps_up
    assert not found.comparisons[0].adaptive.keeps_up
    assert found.policy.max_batch_size == 4
    assert found.reason == ("at 300/s the p99 is 500 ms with this static setting; with adaptive 300 rows/s come out")


# --- For a target


def limited(adaptive_rate, static_rate):
    """Each mode holds the target up to its own rate; of the static settings the largest."""

    def p99_s(simulation):
        is_best = simulation.policy.max_batch_size == 4
        limit = adaptive_rate if simulation.policy.is_adaptive else static_rate if is_best else static_rate / 4
        return 0.9 * TARGET_S if simulation.requests_per_s <= limit else 2 * TARGET_S

    return p99_s


def test_the_highest_rate_within_the_target_is_found(profile):
    adaptive, static = advice(profile, limited(200, 100), target_p99_s=TARGET_S).sustainable
    assert adaptive.requests_per_s == pytest.approx(200, abs=4)
    assert static.requests_per_s == pytest.approx(100, abs=4)
    assert (adaptive.policy.is_adaptive, static.policy.max_batch_size) == (True, 4)


def test_adaptive_gets_the_target_where_it_holds_it_nearly_as_far(profile):
    found = advice(profile, limited(190, 200), target_p99_s=TARGET_S)
    assert found.policy == BatchingPolicy(max_batch_size=4, latency_slo_s=TARGET_S)
    assert found.reason.startswith("adaptive is within 5% of the best static setting in the rate that holds a p99 of")


def test_a_static_setting_that_holds_the_target_further_is_advised(profile):
    found = advice(profile, limited(100, 200), target_p99_s=TARGET_S)
    assert not found.policy.is_adaptive
    assert found.reason.startswith("this static setting holds a p99 of 50 ms up to 1")
    assert "requests/s, adaptive up to " in found.reason


def test_a_target_that_cannot_be_held_is_told(profile):
    found = advice(profile, by_mode(1.0, 1.0), target_p99_s=TARGET_S)
    assert found.policy.is_adaptive
    assert found.reason.startswith("no setting holds a p99 of 50 ms: ")
    assert [item.requests_per_s for item in found.sustainable] == [0, 0]


@pytest.mark.parametrize(("sizes", "kept"), [((), ()), ((2, 4, 8), (2, 4)), ((8,), (4,))])
def test_allowed_sizes_in_force_stay_up_to_the_largest_batch(profile, sizes, kept):
    found = replace(profile, policy=BatchingPolicy(allowed_batch_sizes=sizes))
    assert advice(found, by_mode(0.018, 0.020)).policy.allowed_batch_sizes == kept
