import json

import numpy as np
import pytest

from salver import wire
from salver.errors import InvalidArgumentError
from salver.inputs.predict_request import ModelAddress, grpc_request, rest_request, tensor_proto


def test_a_tensor_holds_its_elements_as_they_lie_in_memory():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    tensor = tensor_proto(array)
    assert (tensor.dtype, [dim.size for dim in tensor.tensor_shape.dim]) == (9, [2, 3])
    assert np.frombuffer(tensor.tensor_content, np.int64).tolist() == [0, 1, 2, 3, 4, 5]


def test_strings_stand_one_by_one():
    tensor = tensor_proto(np.array([[b"a"], [b"\xff"]], object))
    assert (tensor.dtype, list(tensor.string_val)) == (7, [b"a", b"\xff"])


@pytest.mark.parametrize(
    ("model", "path", "version", "label"),
    [
        (ModelAddress(name="m"), "/v1/models/m", 0, ""),
        (ModelAddress(name="m", version=4), "/v1/models/m/versions/4", 4, ""),
        (ModelAddress(name="m/n", label="new one"), "/v1/models/m%2Fn/labels/new%20one", 0, "new one"),
    ],
)
def test_a_model_is_named_on_both_protocols(model, path, version, label):
    request = wire.PredictRequest.FromString(grpc_request(model, {"x": np.zeros(1, np.float32)}))
    assert (request.model_spec.version.value, request.model_spec.version_label) == (version, label)
    assert model.rest_path == path


def test_rest_names_a_signature_only_where_there_is_one():
    inputs = {"x": np.array([1.5]), "who": np.array([b"\xff"], object)}
    columns = {"x": [1.5], "who": [{"b64": "/w=="}]}
    assert json.loads(rest_request(ModelAddress(name="m"), inputs)) == {"inputs": columns}
    named = json.loads(rest_request(ModelAddress(name="m", signature="rank"), inputs))
    assert named == {"inputs": columns, "signature_name": "rank"}


def test_rest_has_no_complex_numbers():
    with pytest.raises(InvalidArgumentError, match="complex numbers, which JSON has not; use gRPC"):
        rest_request(ModelAddress(name="m"), {"x": np.zeros(1, np.complex64)})
