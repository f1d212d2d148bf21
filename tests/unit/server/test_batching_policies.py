import pytest

from salver.boundary import UNBATCHED, BatchingPolicy
from salver.config import ServerConfig
from salver.config.batching_parameters import BatchingParameters
from salver.core.ids import ServableId
from salver.server.batching_policies import BatchingPolicies, OwnPolicy, bounded, server_parameters

ID = ServableId("m", 1)
HEAVY = BatchingPolicy(weight=9)
STATIC = BatchingPolicy(is_adaptive=False, max_batch_size=64, batch_timeout_s=0.01, allowed_batch_sizes=(8, 64))


@pytest.fixture
def policies():
    return BatchingPolicies(BatchingParameters(model_policies={"heavy": HEAVY}))


def test_requests_are_kept_apart_unless_batching_is_on():
    parameters = BatchingParameters(policy=STATIC)
    assert server_parameters(ServerConfig(batching=parameters)).policy_of("m") == UNBATCHED
    assert server_parameters(ServerConfig(enable_batching=True, batching=parameters)) == parameters
    assert server_parameters(ServerConfig(enable_batching=True)).policy_of("m") == BatchingPolicy()


def test_version_has_the_policy_of_its_model(policies):
    assert policies.of(ID) == BatchingPolicy()
    assert policies.of(ServableId("heavy", 3)) == HEAVY


def test_policy_of_a_version_goes_before_that_of_the_server(policies):
    policies.note(ID, OwnPolicy(STATIC))
    assert policies.of(ID) == STATIC
    assert policies.of(ServableId("m", 2)) == BatchingPolicy()
    policies.forget(ID)
    assert policies.of(ID) == BatchingPolicy()


def test_other_parameters_of_the_server_hold_at_once(policies):
    policies.set_parameters(BatchingParameters(policy=STATIC))
    assert policies.of(ID) == policies.of(ServableId("heavy", 3)) == STATIC


def test_version_that_has_gone_or_come_again_is_not_renewed(policies):
    old, new = OwnPolicy(STATIC), OwnPolicy(HEAVY)
    policies.renew(ID, old, new)
    assert policies.own() == {}
    policies.note(ID, new)
    policies.renew(ID, old, OwnPolicy(UNBATCHED))
    assert policies.of(ID) == HEAVY
    policies.renew(ID, new, old)
    assert policies.of(ID) == STATIC


@pytest.mark.parametrize(
    ("policy", "rows", "expected"),
    [
        (UNBATCHED, None, UNBATCHED),
        (STATIC, None, STATIC),
        (STATIC, 64, STATIC),
        (HEAVY, 2000, HEAVY),
        (UNBATCHED, 500, BatchingPolicy(max_batch_size=500)),
        (HEAVY, 500, BatchingPolicy(max_batch_size=500, weight=9)),
        (HEAVY, 1, BatchingPolicy(max_batch_size=1, weight=9)),
        (HEAVY, 0, BatchingPolicy(max_batch_size=1, weight=9)),
    ],
)
def test_servable_sets_a_bound_and_gets_batches_even_where_the_server_has_none(policy, rows, expected):
    assert bounded(policy, rows) == expected


def test_static_batches_beyond_the_bound_of_a_servable_give_way_to_adaptive_ones():
    policy = bounded(STATIC, 10)
    assert (policy.is_adaptive, policy.max_batch_size, policy.allowed_batch_sizes) == (True, 10, (8,))


def test_bound_of_a_servable_is_held_against_the_batches_that_run():
    split = BatchingPolicy(
        is_adaptive=False, max_batch_size=256, enable_large_batch_splitting=True, max_execution_batch_size=64
    )
    assert bounded(split, 64) == split
