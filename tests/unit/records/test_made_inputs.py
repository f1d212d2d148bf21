import numpy as np
import pytest

from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.records.made_inputs import USUAL_LENGTH, batch_inputs, made_up

FLOAT, INT64, STRING, BOOL, BFLOAT16 = 1, 9, 7, 10, 14


def info(dtype, *shape, name="x"):
    return TensorInfo(name, dtype, shape)


def signature(*inputs):
    return Signature("serving_default", "", inputs, ())


def inputs(*infos, recorded=None, length=None, **given):
    return batch_inputs(signature(*infos), given, lambda: recorded, length)


@pytest.mark.parametrize(
    ("wanted", "length", "shape", "dtype"),
    [
        (info(FLOAT, -1), None, (), np.float32),
        (info(FLOAT, -1, 3), None, (3,), np.float32),
        (info(INT64, -1, -1), None, (USUAL_LENGTH,), np.int64),
        (info(INT64, -1, -1, 2, -1), 5, (5, 2, 5), np.int64),
        (info(BOOL, -1, 1), None, (1,), np.bool_),
        (TensorInfo("x", FLOAT, None), None, (), np.float32),
    ],
)
def test_shapes_follow_the_signature(wanted, length, shape, dtype):
    made = made_up(wanted, length)
    assert (made.shape[1:], made.dtype) == (shape, dtype)


def test_numbers_are_fractions_or_an_index_that_every_table_has():
    fractions = made_up(info(FLOAT, -1, 4), None)
    assert 0 <= fractions.min() < fractions.max() < 1
    assert not made_up(info(INT64, -1, 4), None).any()
    assert set(made_up(info(STRING, -1), None).tolist()) == {b""}


@pytest.mark.parametrize("shape", [(), (1, 3)])
def test_inputs_that_cannot_be_joined_are_refused(shape):
    with pytest.raises(InvalidArgumentError, match=r"input x has shape .*: without an open first dimension"):
        made_up(info(FLOAT, *shape), None)


def test_types_that_numpy_has_not_are_refused():
    with pytest.raises(InvalidArgumentError, match="numpy has no elements"):
        made_up(info(BFLOAT16, -1), None)


def test_rows_repeat_as_often_as_a_batch_needs():
    batch = inputs(info(FLOAT, -1), x=np.array([1.0, 2.0, 3.0]))
    assert batch.of_rows(7)["x"].tolist() == [1, 2, 3, 1, 2, 3, 1]
    assert batch.of_rows(2)["x"].tolist() == [1, 2]
    assert batch.of_rows(1)["x"].dtype == np.float32


def test_what_is_given_goes_before_what_was_recorded_and_that_before_what_is_made_up():
    infos = [info(FLOAT, -1, name=name) for name in "abc"]
    recorded = {"a": np.full(1, 5.0), "b": np.full(1, 6.0), "unknown": np.full(1, 7.0)}
    batch = batch_inputs(signature(*infos), {"a": [4.0]}, lambda: recorded, None)

    rows = batch.of_rows(1)
    assert (rows["a"].tolist(), rows["b"].tolist(), sorted(rows)) == ([4], [6], ["a", "b", "c"])
    assert batch.origins == ("a: as given", "b: from the model's warm-up data", "c: made up, [rows]")


def test_recorded_requests_are_not_read_in_vain():
    batch = batch_inputs(signature(info(FLOAT, -1)), {"x": [1.0]}, lambda: pytest.fail("read"), None)
    assert batch.of_rows(1)["x"].tolist() == [1]


def test_open_dimensions_are_told():
    assert inputs(info(FLOAT, -1, -1), length=8).origins == (
        "x: made up, [rows, 8] (--length sets the open dimensions)",
    )


@pytest.mark.parametrize(
    ("wanted", "array", "message"),
    [
        (info(FLOAT, -1, 2), np.zeros((3, 3)), r"was given with shape \[3, 3\], expected \[-1, 2\]"),
        (info(FLOAT, -1, 2), np.zeros(2), r"was given with shape \[2\]"),
        (info(FLOAT, -1), np.zeros(0), r"was given with shape \[0\]"),
        (info(FLOAT, 2), np.zeros(2), r"was given with shape \[2\], expected \[2\]"),
        (TensorInfo("x", FLOAT, None), np.float64(1), r"was given with shape \[\], expected at least one row"),
        (info(INT64, -1), np.zeros(1), "was given as float64, expected int64"),
        (info(STRING, -1), np.zeros(1), "was given as float64, expected strings"),
        (info(FLOAT, -1), np.array(["a"]), "was given as str32, expected float32"),
    ],
)
def test_what_does_not_fit_is_refused(wanted, array, message):
    with pytest.raises(InvalidArgumentError, match=f"input x {message}"):
        inputs(wanted, x=array)


def test_unknown_inputs_are_refused():
    with pytest.raises(InvalidArgumentError, match="has no input y; it has x"):
        inputs(info(FLOAT, -1), y=np.zeros(1))


@pytest.mark.parametrize("array", [np.array(["ä", "b"]), np.array(["ä".encode(), b"b"])])
def test_strings_become_bytes(array):
    assert inputs(info(STRING, -1), x=array).of_rows(2)["x"].tolist() == ["ä".encode(), b"b"]
