import json

import numpy as np
import pytest

from salver import wire
from salver.client.answers import Classification, Label
from salver.client.inference import InferenceTask, classify, multi_inference, regress
from salver.client.model_spec import ModelSpec
from salver.errors import InternalError, InvalidArgumentError

SPEC = ModelSpec("m", version=2, signature="s")


def feature(operation, name):
    """One feature of the only example of a classify call, as protobuf reads it."""
    request = wire.ClassificationRequest.FromString(operation.message())
    (example,) = request.input.example_list.examples
    return example.features.feature[name]


def body(operation):
    return json.loads(operation.rest().body())


@pytest.mark.parametrize(
    ("value", "kind", "values", "in_json"),
    [
        (1.5, "float_list", [1.5], [1.5]),
        ([1, 2.5], "float_list", [1, 2.5], [1.0, 2.5]),
        (np.array([1, 2], "f8"), "float_list", [1, 2], [1.0, 2.0]),
        (3, "int64_list", [3], [3]),
        ([True, False], "int64_list", [1, 0], [1, 0]),
        (np.uint8(7), "int64_list", [7], [7]),
        ("é", "bytes_list", ["é".encode()], [{"b64": "w6k="}]),
        ([b"a\0", "b"], "bytes_list", [b"a\0", b"b"], [{"b64": "YQA="}, {"b64": "Yg=="}]),
        ([], None, None, []),
    ],
)
def test_features_are_of_the_kind_of_their_values(value, kind, values, in_json):
    operation = classify(SPEC, [{"f": value}])
    found = feature(operation, "f")
    assert found.WhichOneof("kind") == kind
    if kind:
        assert list(getattr(found, kind).value) == values
    assert body(operation)["examples"] == [{"f": in_json}]


def test_floats_keep_their_point_in_json():
    assert b'"f":[2.0]' in classify(SPEC, [{"f": np.float32(2)}]).rest().body()


@pytest.mark.parametrize(
    ("examples", "text"),
    [
        ({"f": 1}, "expected a list of examples, got one alone"),
        ([3], r"examples\[0\]: expected features by name, got int"),
        ([{}, {"f": [[1]]}], r"examples\[1\]: feature 'f': expected a value or a flat list, got the shape \[1, 1\]"),
        ([{"f": [[1], [1, 2]]}], "feature 'f' is no flat list"),
        ([{"f": None}], "got an element None"),
        ([{"f": 2**63}], "integers are of 64 bits"),
        ([{"f": 1j}], "expected text or numbers, got complex128"),
    ],
)
def test_features_that_an_example_cannot_hold_are_named(examples, text):
    with pytest.raises(InvalidArgumentError, match=text):
        classify(SPEC, examples)


def test_a_context_goes_with_the_examples():
    operation = regress(SPEC, [{"a": 1}, {"a": 2}], {"c": 3})
    request = wire.RegressionRequest.FromString(operation.message())
    given = request.input.example_list_with_context
    assert len(given.examples) == 2
    assert given.context.features.feature["c"].int64_list.value == [3]
    assert (request.model_spec.name, request.model_spec.version.value) == ("m", 2)
    assert body(operation)["context"] == {"c": [3]}
    assert body(operation)["signature_name"] == "s"


def test_classifications_are_read_in_both_forms():
    answer = wire.ClassificationResponse()
    answer.model_spec.name = "m"
    answer.model_spec.version.value = 2
    answer.result.classifications.add().classes.add(label="a", score=0.5)
    operation = classify(SPEC, [{}])
    assert operation.read(answer.SerializeToString()) == Classification([[Label("a", 0.5)]], "m", 2)
    document = {"results": [[["a", 0.5]]]}
    assert operation.rest().read(document, None, "Classify") == Classification([[Label("a", 0.5)]], "m")


def test_regressions_are_read_in_both_forms():
    answer = wire.RegressionResponse()
    answer.result.regressions.add(value=1.5)
    operation = regress(SPEC, [{}])
    for found in (
        operation.read(answer.SerializeToString()),
        operation.rest().read({"results": [1.5]}, None, "Regress"),
    ):
        assert found.values.dtype == np.float32
        assert found.values.tolist() == [1.5]


def test_several_tasks_share_examples_and_model():
    operation = multi_inference(SPEC, [InferenceTask("classify"), InferenceTask("regress", "r")], [{"a": 1}])
    request = wire.MultiInferenceRequest.FromString(operation.message())
    assert [(task.method_name, task.model_spec.signature_name) for task in request.tasks] == [
        ("tensorflow/serving/classify", "s"),
        ("tensorflow/serving/regress", "r"),
    ]
    assert [task.model_spec.version.value for task in request.tasks] == [2, 2]
    answer = wire.MultiInferenceResponse()
    answer.results.add().classification_result.classifications.add().classes.add(label="a", score=1)
    answer.results.add().regression_result.regressions.add(value=3)
    first, second = operation.read(answer.SerializeToString())
    assert first.results == [[Label("a", 1.0)]]
    assert second.values.tolist() == [3]


def test_a_task_of_no_known_method_is_refused():
    with pytest.raises(InvalidArgumentError, match="classify or regress, got 'predict'"):
        multi_inference(SPEC, [InferenceTask("predict")], [{}])


def test_answers_that_are_none_are_internal_errors():
    operation = classify(SPEC, [{}])
    with pytest.raises(InternalError):
        operation.read(b"\xff")
    with pytest.raises(InternalError):
        operation.rest().read({"results": [[3]]}, None, "Classify")
