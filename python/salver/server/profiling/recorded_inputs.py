"""Inputs from the warm-up data of a version: requests as real clients send them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from salver.boundary import Signature
from salver.core.storage_path import StoragePath
from salver.errors import SalverError
from salver.servables.dtypes import STRING, numpy_dtype
from salver.servables.servable import DEFAULT_SIGNATURE
from salver.server.warmup_records import read_warmup_data, recorded_request, warmup_file
from salver.sources.version_directory import list_versions

if TYPE_CHECKING:
    import numpy as np

    from salver.wire import Message

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


def version_directory(base_path: str, version: int) -> StoragePath | None:
    """Return where a version lies; None where it no longer does, or not in a local folder."""
    try:
        entries = list_versions(base_path)
    except OSError:
        return None
    return next((os.path.join(base_path, entry.child) for entry in entries if entry.version == version), None)


def recorded_inputs(directory: StoragePath, signature: Signature) -> dict[str, np.ndarray[Any, Any]] | None:
    """Return the inputs of the first Predict request for this signature; None where there is none to be read."""
    path = warmup_file(directory)
    if not os.path.isfile(path):
        return None
    try:
        for record in read_warmup_data(path):
            found = _inputs_of(record, signature)
            if found:
                return found
    except (SalverError, OSError, ValueError):
        return None  # what is wrong with the file was told when it was replayed
    return None


def _inputs_of(record: bytes, signature: Signature) -> dict[str, np.ndarray[Any, Any]] | None:
    from salver import wire

    recorded = recorded_request(record)
    if recorded is None or recorded.api != "predict":
        return None
    request = wire.PredictRequest.FromString(recorded.message)
    if (request.model_spec.signature_name or DEFAULT_SIGNATURE) != signature.name:
        return None
    arrays = {name: tensor_array(tensor) for name, tensor in request.inputs.items()}
    return {name: array for name, array in arrays.items() if array.ndim and len(array)}


def tensor_array(tensor: Message) -> np.ndarray[Any, Any]:
    """Return a TensorProto as an array.

    Raises:
        InvalidArgumentError, ValueError: It is none that numpy can have, or its elements do not fill its shape.
    """
    import numpy as np

    shape = [dim.size for dim in tensor.tensor_shape.dim]
    dtype = numpy_dtype(tensor.dtype)
    if tensor.tensor_content and tensor.dtype != STRING:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    if tensor.dtype not in _FIELDS:
        raise ValueError(f"a tensor of type {tensor.dtype} has no elements here")
    items = list(getattr(tensor, _FIELDS[tensor.dtype]))
    array = np.empty(len(items), dtype)
    array[:] = items
    # One element stands for all.
    return np.full(shape, array[0], dtype) if len(items) == 1 else array.reshape(shape)
