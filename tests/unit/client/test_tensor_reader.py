import contextlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver import wire
from salver.client import dtypes
from salver.client.tensor_reader import read_tensor
from salver.client.wire_reader import MalformedError
from salver.client.wire_writer import span, varint_field
from salver.errors import UnimplementedError


def decoded(shape=(), **fields):
    message = wire.TensorProto(**fields)
    message.tensor_shape.SetInParent()
    for size in shape:
        message.tensor_shape.dim.add().size = size
    return read_tensor(memoryview(message.SerializeToString()))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"dtype": 1, "float_val": [1.5, -2]}, np.array([1.5, -2], "f4")),
        ({"dtype": 2, "double_val": [1e300, 2]}, np.array([1e300, 2])),
        ({"dtype": 3, "int_val": [-1, 2**31 - 1]}, np.array([-1, 2**31 - 1], "i4")),
        ({"dtype": 4, "int_val": [0, 255]}, np.array([0, 255], "u1")),
        ({"dtype": 5, "int_val": [-1, 5]}, np.array([-1, 5], "i2")),
        ({"dtype": 6, "int_val": [300, -129]}, np.array([44, 127], "i1")),
        ({"dtype": 8, "scomplex_val": [1, 2, 3, 4]}, np.array([1 + 2j, 3 + 4j], "c8")),
        ({"dtype": 18, "dcomplex_val": [1, 2, 3, 4]}, np.array([1 + 2j, 3 + 4j])),
        ({"dtype": 9, "int64_val": [-(2**63), 3]}, np.array([-(2**63), 3])),
        ({"dtype": 10, "bool_val": [True, False]}, np.array([True, False])),
        ({"dtype": 17, "int_val": [65535, 1]}, np.array([65535, 1], "u2")),
        ({"dtype": 19, "half_val": [0x3C00, 0xC000]}, np.array([1, -2], "f2")),
        ({"dtype": 22, "uint32_val": [2**32 - 1, 0]}, np.array([2**32 - 1, 0], "u4")),
        ({"dtype": 23, "uint64_val": [2**64 - 1, 0]}, np.array([2**64 - 1, 0], "u8")),
        ({"dtype": 11, "int_val": [-3, 4]}, np.array([-3, 4], "i1")),
        ({"dtype": 7, "string_val": [b"a", b""]}, np.array([b"a", b""], object)),
    ],
)
def test_typed_values(fields, expected):
    found = decoded((2,), **fields)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()
    assert found.flags.writeable
    assert found.flags.aligned


def test_fewer_values_repeat_the_last_and_none_are_zeros():
    assert decoded((4,), dtype=1, float_val=[1, 2]).tolist() == [1, 2, 2, 2]
    assert decoded((2, 2), dtype=9).tolist() == [[0, 0], [0, 0]]
    assert decoded((3,), dtype=7, string_val=[b"a"]).tolist() == [b"a"] * 3
    assert decoded((1,), dtype=7).tolist() == [b""]


def test_more_values_than_elements_are_dropped():
    assert decoded((1,), dtype=3, int_val=[1, 2]).tolist() == [1]


def test_scalars_and_empty_tensors():
    assert decoded((), dtype=1, float_val=[3]).shape == ()
    assert decoded((0, 2), dtype=7).shape == (0, 2)


def test_content_wins_over_typed_values():
    assert decoded((1,), dtype=3, int_val=[1], tensor_content=b"\x05\0\0\0").tolist() == [5]


def test_strings_in_content():
    assert decoded((2,), dtype=7, tensor_content=b"\x02\x01abc").tolist() == [b"ab", b"c"]


def test_values_that_are_not_packed():
    head = varint_field(1, 3) + span(2, span(2, varint_field(1, 2)))
    assert read_tensor(memoryview(head + varint_field(7, -1) + varint_field(7, 300))).tolist() == [-1, 300]
    floats = varint_field(1, 1) + span(2, span(2, varint_field(1, 1))) + b"\x2d" + np.float32(2.5).tobytes()
    assert read_tensor(memoryview(floats)).tolist() == [2.5]


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ((2,), {"dtype": 1, "tensor_content": b"123"}),
        ((-1,), {"dtype": 1}),
        ((2**40,), {"dtype": 1, "float_val": [1]}),
        ((2**40,), {"dtype": 7}),
        ((2**40,), {"dtype": 7, "tensor_content": b"\x01a"}),
        ((2,), {"dtype": 7, "tensor_content": b"\x02\x02abc"}),
        ((2,), {"dtype": 7, "tensor_content": b"\x80"}),
    ],
)
def test_tensors_that_contradict_themselves_are_refused(shape, fields):
    with pytest.raises(MalformedError):
        decoded(shape, **fields)


@pytest.mark.parametrize("strings", [b"\x42", b"\x42\x05ab", b"\x42\x01a\x42", b"\x42\x80", b"\x42\x01a\x42\xff\x01"])
def test_strings_that_break_off_are_refused(strings):
    head = varint_field(1, 7) + span(2, span(2, varint_field(1, 2)))
    with pytest.raises(MalformedError):
        read_tensor(memoryview(head + strings))


@pytest.mark.parametrize("dtype", [0, 20, 21, 101, 99])
def test_elements_without_a_numpy_type_are_named(dtype):
    with pytest.raises(UnimplementedError, match=f"type {dtype} "):
        decoded((1,), dtype=dtype)


def test_bfloat16_is_that_of_ml_dtypes():
    found = decoded((2,), dtype=14, half_val=[0x3F80, 0xC000])
    assert found.dtype.name == "bfloat16"
    assert found.astype("f4").tolist() == [1, -2]


def test_without_ml_dtypes_bfloat16_is_float32_and_small_floats_say_what_is_missing(monkeypatch):
    dtypes.numpy_dtype.cache_clear()
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    try:
        found = decoded((2,), dtype=14, tensor_content=b"\x80\x3f\x00\xc0")
        assert (found.dtype, found.tolist()) == (np.float32, [1, -2])
        with pytest.raises(UnimplementedError, match="ml_dtypes"):
            decoded((1,), dtype=24, tensor_content=b"\0")
    finally:
        dtypes.numpy_dtype.cache_clear()


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(MalformedError, UnimplementedError):
        read_tensor(memoryview(data))
