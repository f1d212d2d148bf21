import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver import wire
from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError, UnimplementedError
from salver.records.json_requests import bodies_in, body_from_record, json_lines, record_from_body
from salver.records.recorded_request import request_message
from salver.records.request_form import RequestForm
from salver.records.tensors import tensor_array
from tests.support.prediction_logs import log_record

PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{kind}" for kind in ("predict", "classify", "regress"))


def form(name, method, *inputs, optional=()):
    signature = Signature(name, method, tuple(TensorInfo(key, dtype, None) for key, dtype in inputs), ())
    return RequestForm(signature, frozenset(optional))


FORMS = {
    made.signature.name: made
    for made in (
        form("serving_default", PREDICT, ("x", 1)),
        form("two", PREDICT, ("a", 3), ("s", 7), optional=["s"]),
        form("flags", PREDICT, ("f", 10)),
        form("scores", CLASSIFY, ("inputs", 7)),
        form("value", REGRESS, ("inputs", 7)),
        form("none", PREDICT),
    )
}


def read(body):
    api, request = request_message(record_from_body(body, FORMS))
    return api, request


def arrays(body):
    api, request = read(body)
    assert api == "predict"
    return {name: tensor_array(tensor).tolist() for name, tensor in request.inputs.items()}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"instances": [1, 2.5]}, {"x": [1, 2.5]}),
        ({"instances": [[1], [2]]}, {"x": [[1], [2]]}),
        ({"instances": [{"x": [1]}, {"x": [2]}]}, {"x": [[1], [2]]}),
        ({"inputs": 5}, {"x": 5}),
        ({"inputs": {"x": [[1.0]]}}, {"x": [[1.0]]}),
        ({"inputs": {"x": []}}, {"x": []}),
        (
            {"signature_name": "two", "inputs": {"a": [1], "s": ["é", {"b64": "/w=="}]}},
            {"a": [1], "s": ["é".encode(), b"\xff"]},
        ),
        ({"signature_name": "two", "instances": [{"a": 1}, {"a": 2}]}, {"a": [1, 2]}),
        ({"signature_name": "flags", "instances": [True, False]}, {"f": [True, False]}),
    ],
)
def test_bodies_become_predict_requests(body, expected):
    assert arrays(body) == expected


def test_the_request_names_the_signature():
    assert read({"signature_name": "two", "inputs": {"a": 1}})[1].model_spec.signature_name == "two"
    assert read({"inputs": 1})[1].model_spec.signature_name == "serving_default"


@pytest.mark.parametrize(("name", "api"), [("scores", "classify"), ("value", "regress")])
def test_examples_become_requests_of_the_method_of_the_signature(name, api):
    body = {"signature_name": name, "examples": [{"a": 1.5, "b": [1, True], "c": "t", "d": []}], "context": {"e": "u"}}
    found, request = read(body)
    assert found == api
    given_ = request.input.example_list_with_context
    features = given_.examples[0].features.feature
    assert list(features["a"].float_list.value) == [1.5]
    assert list(features["b"].int64_list.value) == [1, 1]
    assert list(features["c"].bytes_list.value) == [b"t"]
    assert features["d"].WhichOneof("kind") is None
    assert list(given_.context.features.feature["e"].bytes_list.value) == [b"u"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "must be an object"),
        ({"instance": [1]}, "no key instance; did you mean instances"),
        ({}, "one of instances, inputs, examples; this has none"),
        ({"instances": [1], "inputs": 1}, "this has instances and inputs"),
        ({"instances": [1], "context": {}}, "context goes with examples"),
        ({"signature_name": 1, "inputs": 1}, "signature_name must be a string"),
        ({"signature_name": "tow", "inputs": 1}, "no signature tow; the model has serving_default, two"),
        ({"signature_name": "none", "inputs": {}}, "signature none has no inputs"),
        ({"instances": []}, "a list of one or more"),
        ({"instances": {"x": 1}}, "a list of one or more"),
        ({"instances": [[1], [1, 2]]}, "input x: .* a list of 1"),
        ({"instances": [1, [2]]}, "nested deeper"),
        ({"instances": ["a"]}, "input x: .* is no float32"),
        ({"instances": [True]}, "input x: true is no float32"),
        ({"inputs": {"y": 1}}, "has no input y; it has x"),
        ({"signature_name": "two", "inputs": {"s": "a"}}, "input a of signature two is missing"),
        ({"signature_name": "two", "inputs": [1]}, "must name the inputs"),
        ({"signature_name": "two", "inputs": {"a": 1.0}}, "1.0 is no int32"),
        ({"signature_name": "two", "inputs": {"a": 2**40}}, "is no int32"),
        ({"signature_name": "two", "inputs": {"a": 1, "s": {"b64": "?"}}}, "in base64"),
        ({"signature_name": "two", "instances": [{"a": 1}, {"a": 1, "s": ""}]}, "instance 1 has other inputs"),
        ({"signature_name": "two", "instances": [{"a": 1}, 2]}, "instance 1 must be an object"),
        ({"examples": [{}]}, "takes no examples"),
        ({"signature_name": "scores", "examples": []}, "examples must be a list"),
        ({"signature_name": "scores", "examples": [1]}, "example 0 must be an object"),
        ({"signature_name": "scores", "examples": [{"a": [1, 2.5]}]}, "example 0, feature a mixes float and int64"),
        ({"signature_name": "scores", "examples": [{"a": None}]}, "expected a number, a string"),
        ({"signature_name": "scores", "examples": [{"a": 2**63}]}, "expected a number, a string"),
    ],
)
def test_what_is_wrong_is_named(body, message):
    with pytest.raises(InvalidArgumentError, match=message):
        record_from_body(body, FORMS)


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"x": [1.5, 2.0]}},
        {"signature_name": "two", "inputs": {"a": [[1], [2]], "s": [["t"], [{"b64": "/w=="}]]}},
        {"signature_name": "scores", "examples": [{"a": [1.5], "b": [1, 2], "c": ["t"], "d": []}]},
        {"signature_name": "value", "examples": [{}], "context": {"c": ["t"]}},
    ],
)
def test_bodies_come_back(body):
    found = body_from_record(record_from_body(body, FORMS))
    assert found == {"signature_name": "serving_default", **body}


def test_what_has_no_body_is_told():
    with pytest.raises(UnimplementedError, match="several inferences"):
        body_from_record(log_record("multi_inference_log", "MultiInferenceLog", "MultiInferenceRequest"))
    broken = wire.PredictRequest(inputs={"x": wire.TensorProto(dtype=14)}).SerializeToString()
    with pytest.raises(InvalidArgumentError):
        body_from_record(log_record("predict_log", "PredictLog", "PredictRequest", broken))
    assert body_from_record(b"") is None


@pytest.mark.parametrize(
    ("content", "message"), [(b"{", "no JSON"), (b"{}", "expected a list"), (b"[" * 5000, "no JSON")]
)
def test_a_file_is_a_list(content, message):
    with pytest.raises(InvalidArgumentError, match=message):
        bodies_in(content)


@pytest.mark.parametrize("bodies", [[], [{"inputs": 1}], [{"inputs": 1}, {"inputs": [2]}]])
def test_files_come_back(bodies):
    assert bodies_in("".join(json_lines(bodies)).encode()) == bodies


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(["signature_name", "instances", "inputs", "examples", "context"]),
        json_values | st.sampled_from(list(FORMS)),
    )
)
def test_no_body_gives_any_other_error(body):
    with contextlib.suppress(InvalidArgumentError):
        record_from_body(body, FORMS)


@given(st.lists(st.lists(st.floats(width=32), min_size=2, max_size=2), min_size=1))
def test_numbers_keep_every_bit(rows):
    made = json.loads(json.dumps(body_from_record(record_from_body({"instances": rows}, FORMS))))
    np.testing.assert_array_equal(np.array(made["inputs"]["x"], np.float32), np.array(rows, np.float32))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (json.loads("[" * 70 + "1" + "]" * 70), "input x has 70 dimensions, expected at most 32"),
        ([10**400], "input x has a whole number that is too large for float32"),
    ],
)
def test_what_no_array_can_be_is_refused(value, message):
    with pytest.raises(InvalidArgumentError, match=message):
        record_from_body({"inputs": value}, FORMS)
