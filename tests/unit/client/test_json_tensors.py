import json

import ml_dtypes
import numpy as np
import pytest

from salver.client.json_tensors import array_of, columns_body, json_value, parse_document
from salver.client.model_spec import ModelSpec
from salver.client.predict import predict
from salver.client.signatures import ModelMetadata, Signature, TensorInfo
from salver.errors import InternalError, InvalidArgumentError

FLOATS, TEXT = TensorInfo("DT_FLOAT", None), TensorInfo("DT_STRING", None)


def metadata(**outputs):
    return ModelMetadata("m", 1, {"serving_default": Signature("", {}, outputs)})


def read(document, known, output_filter=()):
    form = predict(ModelSpec("m"), {}, output_filter).rest()
    return form.read(document, known, "Predict")


def test_bodies_are_in_column_format():
    body = columns_body("s", {"x": np.array([[1, 2]], "f4"), "t": np.array([b"a\xff"], object)})
    assert json.loads(body) == {"signature_name": "s", "inputs": {"x": [[1.0, 2.0]], "t": [{"b64": "Yf8="}]}}


def test_infinite_numbers_are_bare_words():
    body = columns_body("", {"x": np.array([np.nan, np.inf, -np.inf], "f4")})
    assert b"[NaN,Infinity,-Infinity]" in body


def test_a_lone_input_called_b64_goes_without_its_name():
    assert json.loads(columns_body("", {"b64": np.array(b"a", object)}))["inputs"] == {"b64": "YQ=="}


def test_bfloat16_is_written_as_numbers():
    assert json_value("x", np.array([1.5], ml_dtypes.bfloat16)) == [1.5]


def test_complex_numbers_have_no_json():
    with pytest.raises(InvalidArgumentError, match="input 'x': JSON has no complex64; ask over gRPC"):
        json_value("x", np.zeros(1, "c8"))


@pytest.mark.parametrize(
    ("text", "info", "expected"),
    [
        ("[1.5, NaN, -Infinity]", FLOATS, np.array([1.5, np.nan, -np.inf], "f4")),
        ("3.0", FLOATS, np.float32(3)),
        ("[]", FLOATS, np.zeros(0, "f4")),
        ("[9223372036854775807]", TensorInfo("DT_INT64", None), np.array([2**63 - 1])),
        ("[true]", TensorInfo("DT_BOOL", None), np.array([True])),
    ],
)
def test_numbers_get_the_type_of_the_signature(text, info, expected):
    found = array_of(json.loads(text), info)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        ("a", (), b"a"),
        (["a", {"b64": "/w=="}], (2,), [b"a", b"\xff"]),
        ([["a"], ["b"]], (2, 1), [[b"a"], [b"b"]]),
        ([], (0,), []),
        ([[], []], (2, 0), [[], []]),
    ],
)
def test_text_becomes_bytes(value, shape, expected):
    found = array_of(value, TEXT)
    assert found.shape == shape
    assert found.tolist() == expected


def test_text_that_is_no_utf8_keeps_its_bytes():
    assert array_of(parse_document(b'["\xff\xc3\xa9"]'), TEXT).tolist() == [b"\xff\xc3\xa9"]


def test_a_single_output_comes_without_its_name():
    answer = read({"outputs": [1, 2]}, metadata(y=FLOATS))
    assert answer["y"].tolist() == [1, 2]
    assert (answer.model, answer.version, answer.signature) == ("m", None, "serving_default")


def test_several_outputs_come_by_name_and_are_filtered_here():
    known = metadata(a=FLOATS, b=TEXT)
    assert list(read({"outputs": {"a": [1], "b": ["x"]}}, known)) == ["a", "b"]
    assert list(read({"outputs": {"a": [1], "b": ["x"]}}, known, ["b"])) == ["b"]
    with pytest.raises(InvalidArgumentError, match="no output 'c'; there are a, b"):
        read({"outputs": {"a": [1], "b": ["x"]}}, known, ["c"])


@pytest.mark.parametrize(
    "document",
    [{}, [], None, {"outputs": {"a": [1]}}, {"outputs": {"a": [1], "c": [1]}}, {"outputs": {"a": ["x"], "b": ["x"]}}],
)
def test_answers_that_do_not_fit_the_signature_are_refused(document):
    with pytest.raises(InternalError, match="the answer to Predict cannot be read"):
        read(document, metadata(a=FLOATS, b=TEXT))
