"""Salver's client and TensorFlow, each reading what the other writes: prints how many tensors went each way.

Run in an environment that has tensorflow-serving-api, with the packages of this repository on the path.
"""

# ruff: noqa: T201  # it talks to the test on standard output
import json
from collections import Counter

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2

from salver.client.model_spec import ModelSpec
from salver.client.predict import predict
from salver.client.predict_message import read_predict_response
from tests.support.client_tensors import arrays

COUNTS = Counter()
PLAIN = st.one_of(
    st.lists(st.floats(width=32), min_size=1, max_size=3),
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=3),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=1, max_size=3),
    st.lists(st.binary(max_size=5), min_size=1, max_size=3),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=5),
    st.floats(width=32),
)


def assert_same(found, expected):
    """Same type, shape and bits; text compares by value."""
    assert found.shape == expected.shape, (found, expected)
    if expected.dtype == object:
        assert found.tolist() == expected.tolist()
    else:
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=200, deadline=None, database=None)
@given(arrays())
def tensorflow_reads(array):
    """Bytes of the client, read by the classes of tensorflow-serving-api and by make_ndarray."""
    message = predict(ModelSpec("m", version=3), {"x": array}).message()
    request = predict_pb2.PredictRequest.FromString(message)
    assert request.model_spec.version.value == 3
    assert_same(tf.make_ndarray(request.inputs["x"]), array)
    COUNTS["tensorflow_reads"] += 1


@settings(max_examples=200, deadline=None, database=None)
@given(arrays(), st.booleans())
def client_reads(array, is_list):
    """Tensors of make_tensor_proto, packed and typed, read by the client."""
    response = predict_pb2.PredictResponse()
    response.model_spec.name = "m"
    value = array.tolist() if is_list else array
    proto = tf.make_tensor_proto(value, dtype=tf.as_dtype(array.dtype), shape=array.shape)
    response.outputs["y"].CopyFrom(proto)
    answer = read_predict_response(response.SerializeToString())
    assert_same(answer["y"], array)
    COUNTS["client_reads"] += 1


@settings(max_examples=200, deadline=None, database=None)
@given(PLAIN)
def same_types_of_plain_values(value):
    """Lists and scalars of Python become the same tensors."""
    message = predict(ModelSpec("m"), {"x": value}).message()
    proto = predict_pb2.PredictRequest.FromString(message).inputs["x"]
    expected = tf.make_tensor_proto(value)
    assert proto.dtype == expected.dtype, (value, proto.dtype, expected.dtype)
    assert_same(tf.make_ndarray(proto), tf.make_ndarray(expected))
    COUNTS["same_types_of_plain_values"] += 1


if __name__ == "__main__":
    tensorflow_reads()
    client_reads()
    same_types_of_plain_values()
    print(json.dumps(COUNTS))
