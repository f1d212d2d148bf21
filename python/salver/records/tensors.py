"""TensorProto messages to arrays and back."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from salver.boundary import TensorInfo
from salver.errors import InvalidArgumentError
from salver.servables.dtypes import STRING, numpy_dtype

if TYPE_CHECKING:
    import numpy as np

    from salver.wire import Message

    Array = np.ndarray[Any, Any]

MAX_REPEATED = 1 << 28
"""So many elements one may stand for: a few bytes should not become any number of them."""
_NARROW = {3: "int_val", 4: "int_val", 5: "int_val", 6: "int_val", 17: "int_val"}
_FIELDS = {
    1: "float_val",
    2: "double_val",
    STRING: "string_val",
    9: "int64_val",
    10: "bool_val",
    22: "uint32_val",
    23: "uint64_val",
    **_NARROW,
}
"""Field with the elements of a TensorProto, by element type."""


def tensor_array(tensor: Message) -> Array:
    """Return a TensorProto as an array.

    Raises:
        InvalidArgumentError, ValueError: It is none that numpy can have, or its elements do not fill its shape.
    """
    import numpy as np

    shape = [dim.size for dim in tensor.tensor_shape.dim]
    dtype = numpy_dtype(tensor.dtype)
    if 0 in shape:
        return np.empty(shape, dtype)
    if tensor.tensor_content and tensor.dtype != STRING:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    if tensor.dtype not in _FIELDS:
        raise ValueError(f"a tensor of type {tensor.dtype} has no elements here")
    items = list(getattr(tensor, _FIELDS[tensor.dtype]))
    array = np.empty(len(items), dtype)
    array[:] = items
    if len(items) == 1:  # stands for all; numpy.full would cut zero bytes from the end of strings
        if math.prod(shape) > MAX_REPEATED:
            raise ValueError(f"a tensor of shape {shape} has one element that stands for all, of which it is too many")
        array = array.repeat(math.prod(shape))
    return array.reshape(shape)


def tensor_proto(array: Array, dtype: int) -> Message:
    """Return an array, which has the numpy type of this wire number, as a TensorProto."""
    import numpy as np

    from salver import wire

    tensor = wire.TensorProto(dtype=dtype)
    for size in array.shape:
        tensor.tensor_shape.dim.add().size = size
    tensor.tensor_shape.SetInParent()
    if dtype == STRING:
        tensor.string_val.extend(array.ravel().tolist())
    else:
        is_big = array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big")
        tensor.tensor_content = np.ascontiguousarray(array.byteswap() if is_big else array).tobytes()
    return tensor


def typed(info: TensorInfo, array: Any) -> Array:
    """Return an array with the element type of this input.

    Raises:
        InvalidArgumentError: It cannot have that type without losing what it says.
    """
    import numpy as np

    array = np.asarray(array)
    if info.dtype == STRING:
        return _as_bytes(info.name, array)
    wanted = numpy_dtype(info.dtype)
    if not np.can_cast(array.dtype, wanted, "same_kind"):
        raise InvalidArgumentError(f"input {info.name} was given as {array.dtype.name}, expected {wanted.name}")
    # A file may have any byte where a truth value is; whoever compares such values with each other is in for surprises.
    return array.view(np.uint8) != 0 if wanted.kind == "b" else np.asarray(array, wanted)


def _as_bytes(name: str, array: Array) -> Array:
    import numpy as np

    is_bytes = array.dtype.kind == "O" and all(isinstance(item, bytes | str) for item in array.ravel())
    if array.dtype.kind not in "SU" and not is_bytes:
        raise InvalidArgumentError(f"input {name} was given as {array.dtype.name}, expected strings")
    items = [item.encode() if isinstance(item, str) else bytes(item) for item in array.ravel().tolist()]
    encoded = np.empty(len(items), object)
    encoded[:] = items
    return encoded.reshape(array.shape)
