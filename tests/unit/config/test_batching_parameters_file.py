import pytest

from salver import wire
from salver.boundary import BatchingPolicy
from salver.config.batching_parameters import BatchingParameters
from salver.config.batching_parameters_file import Scope, parse_batching_parameters, read_batching_parameters
from salver.errors import InvalidArgumentError, NotFoundError


def read(text, scope=Scope.SERVER):
    return parse_batching_parameters(text, "file", scope)


def of_model(server, own):
    """The policy of a model with parameters of its own."""
    return read(f'{server} model {{ name: "m" parameters {{ {own} }} }}').policy_of("m")


def problems(text, scope=Scope.SERVER):
    with pytest.raises(InvalidArgumentError) as caught:
        read(text, scope)
    return caught.value.message.split("; ")


def test_empty_file_is_adaptive():
    assert read("") == BatchingParameters()
    assert read("").policy == BatchingPolicy()
    assert read("").warnings == ()


def test_file_of_the_reference_means_the_same():
    text = """
        max_batch_size { value: 64 }
        batch_timeout_micros { value: 2000 }
        max_enqueued_batches { value: 16 }
        num_batch_threads { value: 8 }
        allowed_batch_sizes: 8
        allowed_batch_sizes: 64
        pad_variable_length_inputs: true
    """
    parameters = read(text)
    assert parameters.policy == BatchingPolicy(
        is_adaptive=False,
        max_batch_size=64,
        batch_timeout_s=0.002,
        max_enqueued_batches=16,
        allowed_batch_sizes=(8, 64),
        pad_variable_length_inputs=True,
    )
    assert (parameters.num_batch_threads, parameters.warnings) == (8, ())


def test_every_field_of_the_reference_is_there_in_its_form():
    theirs, ours = wire.BatchingParameters.DESCRIPTOR, wire.message_class("salver.BatchingParameters").DESCRIPTOR
    for field in theirs.fields:
        own = ours.fields_by_name[field.name]
        kinds = [f.message_type and f.message_type.full_name for f in (own, field)]
        assert (own.number, own.type, own.is_repeated, kinds[0]) == (
            field.number,
            field.type,
            field.is_repeated,
            kinds[1],
        )


def test_unknown_field_is_named_with_the_nearest():
    where, suggestion = problems("latency_slo: 1")
    assert where.startswith("Error parsing text-format salver.BatchingParameters: file:1:")
    assert suggestion == 'did you mean "latency_slo_ms"?'


def test_file_of_a_version_that_is_no_message_is_named_as_the_reference_does():
    assert problems("max_batch_size {", Scope.VERSION)[0].startswith("Invalid protobuf file: ")


def test_all_problems_are_said_with_file_model_and_field():
    assert problems('max_batch_size {} model { name: "m" parameters { weight: -1 } }') == [
        "file: max_batch_size must be 1 or more, got 0",
        "file: model m: weight must be from 0.001 to 1000, got -1",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("model { parameters { weight: 1 } }", "file: a model has no name"),
        ('model { name: "m" } model { name: "m" }', "file: model m is listed 2 times: names must be unique"),
        (
            'model { name: "m" parameters { model { name: "n" } } }',
            "file: model m: parameters cannot name models themselves",
        ),
    ],
)
def test_models_are_named_once(text, problem):
    assert problems(text) == [problem]


@pytest.mark.parametrize("scope", [Scope.PLATFORM, Scope.VERSION])
def test_models_are_named_in_the_file_of_the_server_alone(scope):
    assert problems('model { name: "m" }', scope) == [
        "file: model { } is for the file of --batching_parameters_file alone"
    ]


def test_model_without_parameters_of_its_own_has_those_of_the_server():
    assert read('weight: 2 model { name: "m" }').policy_of("other") == BatchingPolicy(weight=2)
    assert of_model("weight: 2", "") == BatchingPolicy(weight=2)


def test_parameters_of_a_model_are_laid_over_field_by_field():
    server = "max_batch_size { value: 8 } allowed_batch_sizes: [4, 8] pad_variable_length_inputs: true weight: 2"
    policy = of_model(server, "allowed_batch_sizes: [2, 8] pad_variable_length_inputs: false")
    assert policy == BatchingPolicy(is_adaptive=False, max_batch_size=8, allowed_batch_sizes=(2, 8), weight=2)


@pytest.mark.parametrize("own", ["adaptive: true", "latency_slo_ms: 20"])
def test_model_that_asks_for_the_adaptive_mode_leaves_the_static_one_behind(own):
    server = "adaptive: false max_batch_size { value: 8 } batch_timeout_micros { value: 5 } weight: 3"
    policy = of_model(server, own)
    assert (policy.is_adaptive, policy.max_batch_size, policy.batch_timeout_s, policy.weight) == (True, 8, 0, 3)


def test_model_that_asks_for_the_static_mode_leaves_the_latency_behind():
    policy = of_model("latency_slo_ms: 20 weight: 3", "adaptive: false batch_timeout_micros { value: 1000 }")
    assert policy == BatchingPolicy(is_adaptive=False, batch_timeout_s=0.001, weight=3)


def test_model_that_contradicts_the_server_is_wrong():
    (problem,) = problems('latency_slo_ms: 20 model { name: "m" parameters { batch_timeout_micros { value: 5 } } }')
    assert problem.startswith("file: model m: batch_timeout_micros and latency_slo_ms are both set")


def test_one_warning_names_all_that_is_said_in_vain_for_the_same_reason():
    (line,) = read("adaptive: true batch_timeout_micros {} max_enqueued_batches { value: 4 }").warnings
    assert line == "file: batch_timeout_micros, max_enqueued_batches without effect: the adaptive mode learns it"


def test_warning_names_the_model():
    (line,) = read('model { name: "m" parameters { num_batch_threads { value: 4 } } }').warnings
    assert line == "file: model m: num_batch_threads without effect: all models share the runners (--num_runners)"


@pytest.mark.parametrize(("scope", "num_warnings"), [(Scope.SERVER, 0), (Scope.PLATFORM, 1), (Scope.VERSION, 1)])
def test_threads_are_those_of_the_server(scope, num_warnings):
    assert len(read("num_batch_threads { value: 3 }", scope).warnings) == num_warnings


@pytest.mark.parametrize("scope", Scope)
def test_name_of_the_threads_is_named_as_without_effect(scope):
    (line,) = read('thread_pool_name { value: "pool" }', scope).warnings
    assert line == "file: thread_pool_name without effect: the runners have names of their own"


def test_where_versions_bring_their_own_only_threads_count_and_the_rest_is_named():
    parameters = read('num_batch_threads { value: 3 } max_batch_size { value: 8 } model { name: "m" }', Scope.RUNNERS)
    assert parameters.num_batch_threads == 3
    (line,) = parameters.warnings
    assert line == "file: max_batch_size, model without effect: versions bring their own (batching_params.pbtxt)"


def test_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="there is no batching parameters file"):
        read_batching_parameters(str(tmp_path / "none"))


def test_file_is_named_in_its_errors(tmp_path):
    file = tmp_path / "batching.pbtxt"
    file.write_text("weight: 0")
    with pytest.raises(InvalidArgumentError, match="batching.pbtxt: weight must be"):
        read_batching_parameters(str(file))
