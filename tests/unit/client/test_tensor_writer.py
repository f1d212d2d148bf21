import numpy as np
import pytest

from salver.client.tensor_writer import as_array, tensor_pieces
from salver.errors import InvalidArgumentError
from tests.support import wire


def encoded(value):
    return b"".join(tensor_pieces(as_array("x", value)))


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([1.5], np.float32),
        ([1, 2], np.int32),
        ([2**31], np.int64),
        (7, np.int32),
        ([], np.float32),
        ([True], np.bool_),
        ([1j], np.complex128),
        (np.array([1.5]), np.float64),
        (np.float64(1.5), np.float64),
        (np.array([1]), np.int64),
        (["a"], np.object_),
        (np.array(["a"]), np.object_),
        (b"a", np.object_),
        (2**63, np.uint64),
    ],
)
def test_types_are_those_that_tensorflow_chooses(value, dtype):
    assert as_array("x", value).dtype == dtype


def test_text_is_utf8_and_keeps_its_zero_bytes():
    assert as_array("x", [["é", b"a\0"], [b"\xff", ""]]).tolist() == [["é".encode(), b"a\0"], [b"\xff", b""]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([[1], [1, 2]], "input 'x' is no tensor"),
        ([None], "input 'x': expected bytes, str or numbers, got an element None"),
        ({"a": 1}, "got an element {'a': 1}"),
        ([2**70], "got an element"),
        (np.array(["2020-01-01"], "M8[D]"), "tensors cannot have elements of type datetime64[D]"),
        (["\ud800"], "not to be written in UTF-8"),
    ],
)
def test_what_is_no_tensor_is_refused_by_the_name_of_the_input(value, text):
    with pytest.raises(InvalidArgumentError) as refusal:
        as_array("x", value)
    assert text in refusal.value.message
    assert "'x'" in refusal.value.message


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.arange(12, dtype="f4").reshape(3, 4)[:, ::2],
        np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)),
        np.zeros((0, 3), "f4"),
        np.float32(3),
    ],
)
def test_any_layout_is_written_row_by_row(array):
    message = encoded(array)
    assert message == wire.tensor(array) if np.size(array) else wire.number(1, 1) + wire._shape((0, 3))


def test_elements_are_not_copied_before_the_message_is_joined():
    array = np.arange(10, dtype="f4")
    content = tensor_pieces(array)[-1]
    array[0] = 99
    assert np.frombuffer(content, "<f4")[0] == 99


def test_strings_of_all_lengths():
    values = np.array([b"", b"a" * 200, b"\0\xff"], object)
    assert encoded(values) == wire.tensor(values, wire.DT_STRING)
