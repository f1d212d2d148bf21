"""Arrays to the bytes of a TensorProto: strings in `string_val`, all else as it lies in memory, in `tensor_content`."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from salver.client.dtypes import BY_NAME, STRING
from salver.client.plain_values import array_of_any, is_plain
from salver.client.wire_writer import Piece, span, span_header, varint_field
from salver.errors import InvalidArgumentError

Array: TypeAlias = np.ndarray[Any, Any]
_STRING_FIELD = 8
_SHORT_HEADERS = tuple(span_header(_STRING_FIELD, size) for size in range(0x80))
"""Of most strings: they come by the thousand."""


def as_array(name: str, value: Any) -> Array:
    """Turn an input into an array, with the element types that TensorFlow's own `make_tensor_proto` chooses.

    Arrays, and what converts itself to one, keep their type. Of plain Python values floats become float32, and integers
    int32 where all fit. Text becomes an object array of bytes, in UTF-8.

    Args:
        name: Of the input, for errors.
        value: An array, a number, text, bytes, or nested lists of them.

    Raises:
        InvalidArgumentError: Lists of unequal lengths, or elements that a tensor cannot have.
    """
    try:
        array = array_of_any(value)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"input {name!r} is no tensor: {error}") from None
    if array.dtype.kind in "OSU":
        return _text_array(name, array)
    if array.dtype.name not in BY_NAME:
        raise InvalidArgumentError(f"input {name!r}: tensors cannot have elements of type {array.dtype.name}")
    return _narrowed(array) if is_plain(value) else array


def _narrowed(array: Array) -> Array:
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64:
        narrow = array.astype(np.int32)
        return narrow if np.array_equal(narrow, array) else array
    return array


def _text_array(name: str, array: Array) -> Array:
    out = np.empty(array.size, dtype=object)
    out[:] = [_encoded(name, item) for item in array.ravel().tolist()]
    return out.reshape(array.shape)


def _encoded(name: str, item: Any) -> bytes:
    if isinstance(item, bytes):
        return item
    if not isinstance(item, str):
        raise InvalidArgumentError(f"input {name!r}: expected bytes, str or numbers, got an element {item!r:.100}")
    try:
        return item.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"input {name!r}: {item!r:.100} is not to be written in UTF-8") from None


def tensor_pieces(array: Array) -> list[Piece]:
    """Return a TensorProto in pieces; the last borrows the memory of `array` where that is in order.

    Args:
        array: What `as_array` returns.
    """
    element = BY_NAME[array.dtype.name]
    dims = b"".join(span(2, varint_field(1, size)) for size in array.shape)
    head = varint_field(1, element.number) + span(2, dims)
    if element.number == STRING:
        return [head, _string_values(array)]
    if not array.size:
        return [head]
    return [head + span_header(4, array.nbytes), _content(array)]


def _content(array: Array) -> memoryview:
    """The elements in row-major order, little-endian, without a copy where they lie so already."""
    order = array.dtype.newbyteorder("<")
    in_order = array.astype(order, order="C", copy=False).reshape(-1)
    return in_order.view(np.uint8).data


def _string_values(array: Array) -> bytes:
    return b"".join(
        [
            _SHORT_HEADERS[size] + item if (size := len(item)) < 0x80 else span(_STRING_FIELD, item)
            for item in array.ravel().tolist()
        ]
    )
