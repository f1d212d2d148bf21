import pytest

from salver.boundary import BatchingPolicy
from salver.config.batching_parameters_file import Scope, parse_batching_parameters
from salver.tune.parameters_text import parameters_text

STATIC = BatchingPolicy(is_adaptive=False, max_batch_size=32, batch_timeout_s=0.0025, max_enqueued_batches=100)


def test_the_file_reads_as_it_should():
    assert parameters_text("ranker", STATIC, ("One line.",)) == (
        "# One line.\n"
        "model {\n"
        '  name: "ranker"\n'
        "  parameters {\n"
        "    adaptive: false\n"
        "    max_batch_size { value: 32 }\n"
        "    batch_timeout_micros { value: 2500 }\n"
        "    max_enqueued_batches { value: 100 }\n"
        "  }\n"
        "}\n"
    )


@pytest.mark.parametrize(
    "policy",
    [
        STATIC,
        BatchingPolicy(),
        BatchingPolicy(max_batch_size=64),
        BatchingPolicy(allowed_batch_sizes=(8, 1000)),
        BatchingPolicy(max_batch_size=32, allowed_batch_sizes=(8, 32)),
        BatchingPolicy(latency_slo_s=0.0125),
    ],
)
@pytest.mark.parametrize("model", ["ranker", 'odd "näme"\\'])
def test_the_server_reads_the_same_policy(policy, model):
    parameters = parse_batching_parameters(parameters_text(model, policy, ("x",)), "advice", Scope.SERVER)
    assert parameters.policy_of(model) == policy
    assert parameters.policy_of("other") == BatchingPolicy()
    assert parameters.warnings == ()
