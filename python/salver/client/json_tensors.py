"""Arrays to the JSON of the REST API and back.

Bytes are `{"b64": "..."}`. Not-a-number and the infinities are the bare words NaN, Infinity and -Infinity; Python
writes and reads them too. Text in answers may hold bytes that are no UTF-8.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from salver.client.answers import Array
from salver.client.signatures import TensorInfo
from salver.errors import InvalidArgumentError


def parse_document(body: bytes) -> Any:
    """Parse JSON; raises ValueError. Bytes that are no UTF-8 survive in text, as Python's surrogates."""
    return json.loads(body.decode("utf-8", "surrogateescape"))


def columns_body(signature: str, inputs: Mapping[str, Array]) -> bytes:
    """The body of a predict request in column format.

    Raises:
        InvalidArgumentError: An input has elements that JSON cannot say.
    """
    columns: Any = {name: json_value(name, array) for name, array in inputs.items()}
    if list(columns) == ["b64"]:  # an object with this one member would be taken for bytes
        columns = columns["b64"]
    document = {"signature_name": signature, "inputs": columns}
    return json.dumps(document, separators=(",", ":")).encode()


def json_value(name: str, array: Array) -> Any:
    """Nested lists of the elements of `array`."""
    if array.dtype == object:
        return _mapped(array.tolist(), lambda item: {"b64": base64.b64encode(item).decode()})
    if array.dtype.kind == "c":
        raise InvalidArgumentError(f"input {name!r}: JSON has no {array.dtype.name}; ask over gRPC")
    if array.dtype.kind == "V":  # the types of ml_dtypes
        return array.astype(np.float64).tolist()
    return array.tolist()


def array_of(value: Any, info: TensorInfo) -> Array:
    """The array that nested lists of an answer stand for.

    Raises:
        ValueError, TypeError: They stand for none.
    """
    if info.dtype != object:
        return np.array(value, info.dtype)
    strings = _mapped(value, _bytes)
    shape = _shape(strings)
    out = np.empty(int(np.prod(shape)), dtype=object)
    flat = strings if isinstance(strings, list) else [strings]
    for _ in shape[1:]:
        flat = [item for row in flat for item in row]
    out[:] = flat
    return out.reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    """By the first elements, as servers do it."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _bytes(item: Any) -> bytes:
    if isinstance(item, str):
        return item.encode("utf-8", "surrogateescape")
    if isinstance(item, dict) and list(item) == ["b64"]:
        return base64.b64decode(item["b64"])
    raise TypeError(f"expected text, got {type(item).__name__}")


def _mapped(value: Any, change: Any) -> Any:
    return [_mapped(item, change) for item in value] if isinstance(value, list) else change(value)
