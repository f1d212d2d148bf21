"""The bytes of a TensorProto to an array of its own memory, in whichever of its forms it comes.

A server may send elements as `tensor_content`, or as typed values, packed or one by one; fewer values than the shape
says stand for more: the last one is repeated, and none are zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from salver.client.dtypes import BFLOAT16, BY_NUMBER, STRING, Element, has_numpy_dtype, numpy_dtype
from salver.client.varints import decode_varints
from salver.client.wire_reader import MalformedError, fields, read_varint, signed, spans
from salver.client.wire_writer import varint
from salver.errors import UnimplementedError

Array: TypeAlias = np.ndarray[Any, Any]

_FLOATS = {5, 6, 9, 12}
"""Fields whose packed values lie as in memory."""
_BITS = {13: np.dtype("<u2")}
"""Fields whose numbers are the bits of the elements."""
_STRING_FIELD = 8
_BYTES = 18
_MAX_FILLED_BYTES = 1 << 31
"""Of a tensor with fewer values than elements: a short answer must not take all memory."""


def read_tensor(message: memoryview) -> Array:
    """Decode a TensorProto; the array is writable, and object elements are bytes.

    Raises:
        MalformedError: Not a TensorProto, or one that contradicts itself.
        UnimplementedError: Elements that no array can hold.
    """
    number, shape, content, values = _parts(message)
    element = BY_NUMBER.get(number)
    if element is None:
        raise UnimplementedError(f"elements of the wire type {number} have no numpy type")
    count = math.prod(shape)
    if element.number == STRING:
        return _strings(content, values, count).reshape(shape)
    return _elements(element, content, values, count).reshape(shape)


def _parts(message: memoryview) -> tuple[int, tuple[int, ...], memoryview, list[Any]]:
    """Element type, shape, content, and the bytes of the typed values, one entry for each field that came."""
    number, content = 0, message[:0]
    shape: tuple[int, ...] = ()
    typed: dict[int, list[Any]] = {}
    for field, _, value in fields(message, listed=_STRING_FIELD):
        if field == 1 and isinstance(value, int):
            number = value
        elif field == 2 and isinstance(value, memoryview):
            shape = _shape(value)
        elif field == 4 and isinstance(value, memoryview):
            content = value
        elif isinstance(value, list):
            typed.setdefault(field, []).extend(value)
        else:
            typed.setdefault(field, []).append(varint(value) if isinstance(value, int) else value)
    element = BY_NUMBER.get(number)
    return number, shape, content, typed.get(element.field, []) if element else []


def _shape(message: memoryview) -> tuple[int, ...]:
    shape = tuple(_size(dim) for _, dim in spans(message, 2))
    if any(size < 0 for size in shape):
        raise MalformedError(f"a tensor has the shape {shape}")
    return shape


def _size(dim: memoryview) -> int:
    sizes = [signed(value) for number, _, value in fields(dim) if number == 1 and isinstance(value, int)]
    return sizes[-1] if sizes else 0


def _elements(element: Element, content: memoryview, values: Sequence[Any], count: int) -> Array:
    is_widened = element.number == BFLOAT16 and not has_numpy_dtype(element)
    dtype = np.dtype("<u2") if is_widened else numpy_dtype(element)
    if len(content):
        if len(content) != count * dtype.itemsize:
            raise MalformedError(f"{len(content)} bytes for {count} elements of {dtype.itemsize}")
        found = np.frombuffer(content, dtype).copy()
    else:
        found = _filled(_typed(element, b"".join(values), dtype), count)
    return (found.astype("<u4") << 16).view("<f4") if is_widened else found


def _typed(element: Element, data: bytes, dtype: np.dtype[Any]) -> Array:
    """The values of a typed field; those of `bool` beyond 0 and 1 are true, integers wrap."""
    if element.field in _FLOATS or element.field == _BYTES:
        if len(data) % dtype.itemsize:
            raise MalformedError(f"{len(data)} bytes of elements of {dtype.itemsize}")
        return np.frombuffer(data, dtype)
    numbers = decode_varints(data)
    if element.field in _BITS:
        return numbers.astype(_BITS[element.field]).view(dtype)
    if element.is_foreign:
        return numbers.astype(np.int8).astype(dtype)
    return numbers.astype(dtype)


def _filled(values: Array, count: int) -> Array:
    """`count` elements: as many of `values`, and then the last of them, or zeros."""
    if len(values) >= count:
        return values[:count].copy()
    if count * values.itemsize > _MAX_FILLED_BYTES:
        raise MalformedError(f"{len(values)} values for {count} elements")
    out = np.zeros(count, values.dtype)
    if len(values):
        out[: len(values)] = values
        out[len(values) :] = values[-1]
    return out


def _strings(content: memoryview, values: Sequence[bytes], count: int) -> Array:
    if len(content):
        items = _strings_of_content(content, count)
    else:
        if count * 8 > _MAX_FILLED_BYTES and len(values) < count:
            raise MalformedError(f"{len(values)} strings for {count} elements")
        items = list(values[:count])
        items += [items[-1] if items else b""] * (count - len(items))
    out = np.empty(count, dtype=object)
    out[:] = items
    return out


def _strings_of_content(content: memoryview, count: int) -> list[bytes]:
    """All lengths come first, then all bytes."""
    sizes, at = [], 0
    for _ in range(count):
        size, at = read_varint(content, at)
        sizes.append(size)
    if sum(sizes) != len(content) - at:
        raise MalformedError(f"{len(content) - at} bytes for strings of {sum(sizes)}")
    items = []
    for size in sizes:
        items.append(bytes(content[at : at + size]))
        at += size
    return items
