import json

import numpy as np
import pytest

from salver import wire
from salver.bench.bodies import MAX_BODIES, made_bodies, read_bodies
from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError, SalverError
from salver.records.request_form import RequestForm
from salver.wire.tfrecord import write_record
from tests.unit.bench.conftest import target_of

FLOAT, INT64, STRING, COMPLEX64 = 1, 9, 7, 8


def form_of(*inputs, optional=()):
    return RequestForm(Signature("serving_default", "", inputs, ()), frozenset(optional))


SIGNATURE = form_of(TensorInfo("ids", INT64, (-1, -1)), TensorInfo("who", STRING, (-1,)))
VECTOR = form_of(TensorInfo("x", FLOAT, (-1,)))


def message(data):
    return wire.PredictRequest.FromString(data)


def shapes(data):
    inputs = message(data).inputs
    return {name: [dim.size for dim in tensor.tensor_shape.dim] for name, tensor in inputs.items()}


def read(tmp_path, name, content, protocol="grpc", form=VECTOR):
    path = tmp_path / name
    path.write_bytes(content)
    return read_bodies(target_of(protocol), str(path), lambda: {"serving_default": form})


# --- Made up


def test_rows_and_lengths_are_made_as_asked():
    made = made_bodies(target_of("grpc"), SIGNATURE, 3, 5)
    assert shapes(made.data[0]) == {"ids": [3, 5], "who": [3]}
    assert (made.rows, made.origin) == ((3,), "made up: ids [3, 5], who [3]")
    assert message(made.data[0]).model_spec.name == "ranker"


def test_rest_gets_columns_with_bytes_encoded():
    made = made_bodies(target_of("rest"), SIGNATURE, 1, 2)
    assert json.loads(made.data[0]) == {"inputs": {"ids": [[0, 0]], "who": [""]}}


@pytest.mark.parametrize(("shape", "expected"), [((), []), ((4, 2), [4, 2]), (None, [1])])
def test_an_input_without_open_rows_has_its_own_shape(shape, expected):
    made = made_bodies(target_of("grpc"), form_of(TensorInfo("x", FLOAT, shape)), 1, None)
    assert shapes(made.data[0]) == {"x": expected}


def test_rows_that_have_no_room_are_refused():
    with pytest.raises(InvalidArgumentError, match=r"input x has shape \[4\]: no room for 2 rows"):
        made_bodies(target_of("grpc"), form_of(TensorInfo("x", FLOAT, (4,))), 2, None)


# --- From files


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"inputs": {"x": [1, 2, 3]}}, [1, 2, 3]),
        ({"inputs": [1, 2]}, [1, 2]),
        ({"instances": [1, 2]}, [1, 2]),
        ({"instances": [{"x": 1}, {"x": 2}]}, [1, 2]),
    ],
)
def test_a_rest_body_becomes_a_message(tmp_path, body, expected):
    found = read(tmp_path, "body.json", json.dumps(body).encode())
    tensor = message(found.data[0]).inputs["x"]
    assert (tensor.dtype, np.frombuffer(tensor.tensor_content, np.float32).tolist()) == (FLOAT, expected)
    assert found.rows == (len(expected),)


def test_a_rest_body_stays_one_for_rest_and_a_list_goes_round(tmp_path):
    bodies = [{"instances": [1]}, {"inputs": {"x": [1, 2]}}]
    found = read(tmp_path, "body.json", json.dumps(bodies).encode(), "rest")
    assert [json.loads(data) for data in found.data] == bodies
    assert (found.rows, found.origin) == ((1, 2), "2 from body.json")


def test_bytes_in_json_are_decoded(tmp_path):
    body = {"instances": [{"ids": [1, 2], "who": {"b64": "AAE="}}]}
    found = read(tmp_path, "body.json", json.dumps(body).encode(), form=SIGNATURE)
    assert list(message(found.data[0]).inputs["who"].string_val) == [b"\0\1"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is no JSON"),
        (b"[]", "body.json holds no request to Predict"),
        (b'{"x": 1}', 'expected an object with "inputs" or "instances"'),
        (b'{"inputs": {"y": [1]}}', "request 0 of body.json: signature serving_default has no input y; it has x"),
        (b'{"instances": [{"x": 1}, {"y": 1}]}', "has no input y"),
        (b'{"instances": 3}', "instances must be a list of one or more"),
        (b'{"inputs": {"x": [[1], [1, 2]]}}', "request 0 of body.json: input x"),
        (b'{"inputs": {"x": ["a"]}}', "request 0 of body.json: "),
    ],
)
def test_json_that_is_no_request_is_refused(tmp_path, content, problem):
    with pytest.raises(InvalidArgumentError, match=problem):
        read(tmp_path, "body.json", content)


def test_arrays_of_a_file_get_the_types_of_the_signature(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.array([1.0, 2.0]))
    found = read_bodies(target_of("grpc"), str(path), lambda: {"serving_default": VECTOR})
    assert message(found.data[0]).inputs["x"].dtype == FLOAT
    assert (found.rows, found.origin) == ((2,), "1 from rows.npz")


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    with pytest.raises(SalverError, match="no NPZ file"):
        read(tmp_path, "rows.npz", content)


def test_arrays_of_other_inputs_are_refused(tmp_path):
    path = tmp_path / "rows.npz"
    np.savez(path, y=np.array([1.0]))
    with pytest.raises(InvalidArgumentError, match="has no input y; it has x"):
        read_bodies(target_of("grpc"), str(path), lambda: {"serving_default": VECTOR})


def record(*values, kind="predict_log"):
    log = wire.PredictionLog()
    request = getattr(log, kind).request
    request.model_spec.name = "recorded"
    request.model_spec.version.value = 1
    if kind == "predict_log":
        tensor = request.inputs["x"]
        tensor.dtype = FLOAT
        tensor.tensor_shape.dim.add().size = len(values)
        tensor.float_val.extend(values)
    return log.SerializeToString()


def write_records(path, records):
    with path.open("wb") as stream:
        for item in records:
            write_record(stream, item)
    return str(path)


def test_recorded_requests_go_to_the_model_that_is_measured(tmp_path):
    path = write_records(tmp_path / "requests", [record(1.0), record(kind="classify_log"), record(1.0, 2.0)])
    found = read_bodies(target_of("grpc", version=9), path, lambda: {"serving_default": VECTOR})
    specs = [message(data).model_spec for data in found.data]
    assert [(spec.name, spec.version.value) for spec in specs] == [("ranker", 9)] * 2
    assert found.rows == (1, 2)


def test_so_many_recorded_requests_are_taken_at_most(tmp_path):
    path = write_records(tmp_path / "requests", [record(1.0)] * (MAX_BODIES + 1))
    assert len(read_bodies(target_of("grpc"), path, lambda: {"serving_default": VECTOR}).data) == MAX_BODIES


@pytest.mark.parametrize(
    ("protocol", "content", "problem"),
    [
        ("grpc", b"no records at all", "requests: record 0: the checksum"),
        ("grpc", b"", "holds no request to Predict"),
        ("rest", b"", "holds no request to Predict"),
    ],
)
def test_records_that_cannot_be_sent_are_refused(tmp_path, protocol, content, problem):
    with pytest.raises(SalverError, match=problem):
        read(tmp_path, "requests", content, protocol)


def test_recorded_requests_become_bodies_for_rest(tmp_path):
    path = write_records(tmp_path / "requests", [record(1.0, 2.0)])
    found = read_bodies(target_of("rest"), path, dict)
    assert (json.loads(found.data[0]), found.rows) == ({"inputs": {"x": [1.0, 2.0]}}, (2,))


def test_inputs_with_a_default_are_left_out_of_what_is_made_up():
    form = form_of(TensorInfo("k", INT64, ()), TensorInfo("x", FLOAT, (-1,)), optional=["k"])
    assert shapes(made_bodies(target_of("grpc"), form, 2, None).data[0]) == {"x": [2]}


def test_json_has_no_complex_numbers():
    form = form_of(TensorInfo("x", COMPLEX64, (-1,)))
    with pytest.raises(InvalidArgumentError, match="complex numbers, which JSON has not; use gRPC"):
        made_bodies(target_of("rest"), form, 1, None)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(InvalidArgumentError, match="cannot be read: No such file"):
        read_bodies(target_of("grpc"), "nowhere.json", lambda: {"serving_default": VECTOR})
