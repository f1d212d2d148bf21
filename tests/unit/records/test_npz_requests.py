import contextlib
import io

import numpy as np
import pytest

from salver.boundary import Signature, TensorInfo
from salver.errors import DataLossError, InvalidArgumentError, UnimplementedError
from salver.records import npz_requests
from salver.records.npz_requests import npz_arrays, records_in_npz
from salver.records.recorded_request import request_message
from salver.records.request_form import RequestForm
from salver.records.tensors import tensor_array
from tests.support.prediction_logs import log_record

FORM = RequestForm(
    Signature("s", "", (TensorInfo("ids", 9, (-1, -1)), TensorInfo("text", 7, None)), ()), frozenset({"text"})
)


def npz(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return io.BytesIO(stream.getvalue())


def requests(stream):
    found = []
    for record in records_in_npz(stream, FORM):
        api, request = request_message(record)
        assert (api, request.model_spec.signature_name) == ("predict", "s")
        found.append({name: tensor_array(tensor).tolist() for name, tensor in request.inputs.items()})
    return found


def test_plain_names_are_one_request():
    assert requests(npz(ids=np.array([[1, 2]]), text=np.array(["é"]))) == [{"ids": [[1, 2]], "text": ["é".encode()]}]


def test_numbered_names_are_requests_in_their_order():
    stream = npz(**{"10/ids": np.array([10]), "9/ids": np.array([9], np.int8), "10/text": np.array([b"t"])})
    assert requests(stream) == [{"ids": [9]}, {"ids": [10], "text": [b"t"]}]


def test_truth_values_are_zero_or_one():
    flags = np.array([0, 1, 179], np.uint8).view(np.bool_)
    form = RequestForm(Signature("s", "", (TensorInfo("f", 10, None),), ()))
    (record,) = records_in_npz(npz(f=flags), form)
    assert request_message(record)[1].inputs["f"].tensor_content == b"\0\1\1"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "no arrays"),
        ({"id": [1]}, "has no input id; it has ids, text"),
        ({"text": ["a"]}, "input ids of signature s is missing"),
        ({"ids": [1.5]}, "input ids was given as float64, expected int64"),
        ({"0/ids": [1], "ids": [1]}, "array ids has no number"),
    ],
)
def test_what_does_not_fit_is_named(arrays, message):
    with pytest.raises(InvalidArgumentError, match=message):
        requests(npz(**{name: np.array(value) for name, value in arrays.items()}))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 something else", npz(ids=np.array([[1, 2]])).getvalue()[:-30]])
def test_a_damaged_file_is_told(content):
    with pytest.raises(DataLossError, match="no NPZ file"):
        requests(io.BytesIO(content))


def test_objects_are_not_unpickled():
    with pytest.raises(DataLossError, match="fixed-length strings"):
        requests(npz(ids=np.array([[1], "a"], object)))


def test_a_file_that_unpacks_to_too_much_is_refused_unread(monkeypatch):
    monkeypatch.setattr(npz_requests, "MAX_ARRAY_BYTES", 1000)
    with pytest.raises(InvalidArgumentError, match="expected at most 1000"):
        requests(npz(ids=np.zeros((1, 1000), np.int64)))


def test_files_come_back():
    stream = npz(**{"0/ids": np.array([[1]]), "1/ids": np.array([[2]]), "1/text": np.array([["ab", ""]])})
    name, arrays = npz_arrays(records_in_npz(stream, FORM))
    assert name == "s"
    assert requests(npz(**arrays)) == [{"ids": [[1]]}, {"ids": [[2]], "text": [[b"ab", b""]]}]


def test_one_request_has_plain_names():
    _, arrays = npz_arrays([*records_in_npz(npz(ids=np.array([[1]])), FORM), b""])
    assert list(arrays) == ["ids"]


def test_what_no_npz_file_can_hold_is_told():
    with pytest.raises(UnimplementedError, match="classify"):
        npz_arrays([log_record("classify_log", "ClassifyLog", "ClassificationRequest")])
    with pytest.raises(InvalidArgumentError, match="no requests"):
        npz_arrays([b""])
    (text,) = records_in_npz(npz(ids=np.array([[1]]), text=np.array([b"a"])), FORM)
    ends_with_zero = text.replace(b"\x01a", b"\x01\0")
    with pytest.raises(InvalidArgumentError, match="zero byte"):
        npz_arrays([ends_with_zero])


def test_damage_of_any_kind_is_data_loss():
    whole, rng = npz(ids=np.arange(20).reshape(4, 5)).getvalue(), np.random.default_rng(1)
    for _ in range(300):
        found = bytearray(whole)
        found[rng.integers(len(found))] = rng.integers(256)
        with contextlib.suppress(DataLossError, InvalidArgumentError):
            requests(io.BytesIO(found))
