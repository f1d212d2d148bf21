"""The client's codec against protobuf: any tensor that one writes the other reads."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver import wire
from salver.client.model_spec import ModelSpec
from salver.client.predict import predict
from salver.client.predict_message import read_predict_response
from salver.client.tensor_reader import read_tensor
from salver.client.tensor_writer import as_array, tensor_pieces
from tests.support.client_tensors import arrays
from tests.support.models import ROOT

FIELDS = {
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32"), "int_val"),
    **{f"uint{bits}": f"uint{bits}_val" for bits in (32, 64)},
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "bool": "bool_val",
}


def written(array):
    return b"".join(tensor_pieces(as_array("x", array)))


@given(arrays())
def test_protobuf_reads_what_the_client_writes(array):
    proto = wire.TensorProto.FromString(written(array))
    assert [dim.size for dim in proto.tensor_shape.dim] == list(array.shape)
    if array.dtype == object:
        assert list(proto.string_val) == array.ravel().tolist()
    else:
        assert proto.tensor_content == array.tobytes()


@given(arrays())
def test_the_client_reads_what_it_writes(array):
    found = read_tensor(memoryview(written(array)))
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    if array.dtype == object:
        assert found.tolist() == array.tolist()
    else:
        assert found.tobytes() == array.tobytes()


@given(arrays().filter(lambda array: array.dtype.name in FIELDS))
def test_the_client_reads_typed_values_of_protobuf(array):
    proto = wire.TensorProto(dtype=read_dtype(array))
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    getattr(proto, FIELDS[array.dtype.name]).extend(array.ravel().tolist())
    found = read_tensor(memoryview(proto.SerializeToString()))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def read_dtype(array):
    """The wire's number, as protobuf reads it."""
    return wire.TensorProto.FromString(written(array)).dtype


@given(
    st.dictionaries(st.text(max_size=5), arrays(max_side=2), max_size=3),
    st.lists(st.text(max_size=200), max_size=2),
    st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    st.text(max_size=5),
)
def test_requests_and_responses_are_those_of_protobuf(inputs, output_filter, version, signature):
    message = predict(ModelSpec("m", version, None, signature), inputs, output_filter).message()
    request = wire.PredictRequest.FromString(message)
    assert set(request.inputs) == set(inputs)
    assert list(request.output_filter) == output_filter
    assert request.model_spec.signature_name == signature
    assert request.model_spec.HasField("version") == (version is not None)
    assert request.model_spec.version.value == (version or 0)

    response = wire.PredictResponse()
    response.model_spec.CopyFrom(request.model_spec)
    for name, tensor in request.inputs.items():
        response.outputs[name].CopyFrom(tensor)
    answer = read_predict_response(response.SerializeToString())
    assert (answer.model, answer.version, answer.signature) == ("m", version, signature)
    assert {name: array.shape for name, array in answer.items()} == {
        name: array.shape for name, array in inputs.items()
    }


def test_bfloat16_in_both_forms():
    array = np.array([1.5, -2, 3e38], ml_dtypes.bfloat16)
    assert wire.TensorProto.FromString(written(array)).dtype == 14
    typed = wire.TensorProto(dtype=14, half_val=array.view("u2").tolist())
    typed.tensor_shape.dim.add().size = 3
    for message in (written(array), typed.SerializeToString()):
        assert read_tensor(memoryview(message)).tolist() == array.tolist()


def test_tensorflow_and_the_client_understand_each_other():
    """In the clients' environment: `make_tensor_proto`, `make_ndarray` and the classes of tensorflow-serving-api."""
    python = ROOT / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with tensorflow-serving-api: run `make clients`")
    script = Path(__file__).parents[1] / "e2e" / "clients" / "tensor_parity.py"
    paths = os.pathsep.join([str(ROOT / "python"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([python, script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert min(counts.values()) >= 100, counts
