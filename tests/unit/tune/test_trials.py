import pytest

from salver.boundary import BatchingPolicy
from salver.tune.goal import Load
from salver.tune.trials import Trials
from tests.unit.tune.conftest import World, profile_of

POLICY = BatchingPolicy()


def asked(profile, load):
    world = World(lambda _: 0.01)
    Trials(profile, world.simulate, world.capacity).run(POLICY, load)
    return world.asked[0]


def test_the_measured_curve_and_runners_are_simulated():
    simulation = asked(profile_of((1, 0.01), (4, 0.02), num_runners=3, sharing=0.5), Load(100.0))
    assert simulation.curve == ((1, 0.01), (4, 0.02))
    assert (simulation.num_runners, simulation.sharing, simulation.requests_per_s) == (3, 0.5, 100)
    assert simulation.jitter == pytest.approx(0.1), "90 % of an even spread by 10 % are below 1.08"


def test_a_trial_has_enough_requests_and_enough_batches():
    assert asked(profile_of((1, 0.0001)), Load(10.0)).duration_s == pytest.approx(600)
    assert asked(profile_of((1, 1.0)), Load(100.0)).duration_s == pytest.approx(200)
    assert asked(profile_of((1, 1.0)), Load(1e6)).duration_s == pytest.approx(20)


def test_a_trial_of_a_model_that_takes_next_to_nothing_is_bounded():
    simulation = asked(profile_of((1, 1e-5), (1000, 1.5e-5)), Load(1e8))
    assert (simulation.duration_s, simulation.warmup_s) == (pytest.approx(5e-4), pytest.approx(5e-3))


def test_clients_are_simulated_as_such():
    assert asked(profile_of((1, 0.01)), Load(num_clients=8)).num_clients == 8


def test_what_is_answered_too_late_or_refused_does_not_keep_up():
    profile = profile_of((1, 0.01))
    for p99_s, keeps_up in ((0.1, True), (None, False)):
        world = World(lambda _, p99_s=p99_s: p99_s)
        assert Trials(profile, world.simulate, world.capacity).run(POLICY, Load(10.0)).keeps_up is keeps_up
