import numpy as np
import pytest

from salver import wire
from salver.boundary import TensorInfo
from salver.errors import InvalidArgumentError
from salver.records.tensors import tensor_array, tensor_proto, typed


def tensor(dtype, *shape, **elements):
    made = wire.TensorProto(dtype=dtype, **elements)
    for size in shape:
        made.tensor_shape.dim.add().size = size
    return made


@pytest.mark.parametrize(
    ("proto", "expected"),
    [
        (tensor(1, 2, float_val=[1, 2]), np.array([1, 2], np.float32)),
        (tensor(1, 2, 2, float_val=[7]), np.full((2, 2), 7, np.float32)),
        (tensor(3, 1, int_val=[-1]), np.array([-1], np.int32)),
        (tensor(4, 2, int_val=[1, 255]), np.array([1, 255], np.uint8)),
        (tensor(9, 2, 1, int64_val=[1, 2]), np.array([[1], [2]], np.int64)),
        (tensor(10, 2, bool_val=[True, False]), np.array([True, False])),
        (tensor(9, 2, tensor_content=np.array([1, 2], np.int64).tobytes()), np.array([1, 2], np.int64)),
        (tensor(7, 2, string_val=[b"a", b""]), np.array([b"a", b""], object)),
    ],
)
def test_tensors_become_arrays(proto, expected):
    found = tensor_array(proto)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    "proto",
    [
        tensor(1, 3, float_val=[1, 2]),
        tensor(1, 1 << 20, 1 << 20, float_val=[7]),
        tensor(8, 1),
        tensor(14, 1),
        tensor(0),
    ],
)
def test_tensors_that_are_none_are_refused(proto):
    with pytest.raises((ValueError, InvalidArgumentError)):
        tensor_array(proto)


@pytest.mark.parametrize(
    ("array", "dtype"),
    [
        (np.array([[1.5, -2]], np.float32), 1),
        (np.array(3, np.int64), 9),
        (np.zeros((0, 4), np.float16), 19),
        (np.array([[b"a", b"\xff\0"]], object), 7),
        (np.array([b"a\0"], object), 7),
        (np.array([[1, 2], [3, 4]], np.int32).T, 3),
    ],
)
def test_arrays_come_back(array, dtype):
    found = tensor_array(tensor_proto(array, dtype))
    assert (found.dtype, found.shape, found.tolist()) == (array.dtype, array.shape, array.tolist())


def test_an_array_of_the_other_byte_order_is_turned():
    made = tensor_proto(np.array([1, 2], ">i4"), 3)
    assert tensor_array(made).tolist() == [1, 2]


def test_given_arrays_get_the_type_of_the_input():
    assert typed(TensorInfo("x", 1, None), np.array([1.5])).dtype == np.float32
    assert typed(TensorInfo("x", 7, None), np.array(["é"])).tolist() == ["é".encode()]


@pytest.mark.parametrize(("dtype", "given"), [(3, [1.5]), (7, [1]), (1, ["a"]), (10, [1])])
def test_what_would_lose_something_is_refused(dtype, given):
    with pytest.raises(InvalidArgumentError, match="input x was given as"):
        typed(TensorInfo("x", dtype, None), np.array(given))
