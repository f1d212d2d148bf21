"""Arrays as a request to Predict, over gRPC and REST."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salver.errors import InvalidArgumentError
from salver.servables.dtypes import STRING, wire_dtype

if TYPE_CHECKING:
    import numpy as np

    from salver.wire.pool import Message

PREDICT = "/tensorflow.serving.PredictionService/Predict"
"""The gRPC method."""


@dataclass(frozen=True, kw_only=True)
class ModelAddress:
    """What a request is to, of all that a server serves."""

    name: str
    version: int | None = None
    """None, where there is no label either, leaves it to the server: the highest."""
    label: str | None = None
    signature: str = ""
    """Empty is `serving_default`."""

    @property
    def rest_path(self) -> str:
        """The path of the model, or of one version of it, on the REST port."""
        from urllib.parse import quote

        path = f"/v1/models/{quote(self.name, safe='')}"
        if self.version is not None:
            return f"{path}/versions/{self.version}"
        return f"{path}/labels/{quote(self.label, safe='')}" if self.label is not None else path

    def fill(self, spec: Message) -> None:
        """Write it into a ModelSpec."""
        spec.name = self.name
        spec.signature_name = self.signature
        if self.version is not None:
            spec.version.value = self.version
        elif self.label is not None:
            spec.version_label = self.label


def grpc_request(model: ModelAddress, inputs: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """Return a PredictRequest."""
    from salver import wire

    request = wire.PredictRequest()
    model.fill(request.model_spec)
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tensor_proto(array))
    return request.SerializeToString()


def rest_request(model: ModelAddress, inputs: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """Return the body of a predict request, in columns.

    Raises:
        InvalidArgumentError: An input has elements that JSON cannot say.
    """
    columns = {name: _json_value(name, array) for name, array in inputs.items()}
    body: dict[str, Any] = {"inputs": columns}
    if model.signature:
        body["signature_name"] = model.signature
    return json.dumps(body, separators=(",", ":")).encode()


def tensor_proto(array: np.ndarray[Any, Any]) -> Message:
    """Return an array as a TensorProto: its bytes as they lie in memory, strings one by one."""
    from salver import wire

    tensor = wire.TensorProto(dtype=wire_dtype(array.dtype))
    for size in array.shape:
        tensor.tensor_shape.dim.add().size = size
    if tensor.dtype == STRING:
        tensor.string_val.extend(array.ravel().tolist())
    else:
        tensor.tensor_content = array.tobytes()
    return tensor


def _json_value(name: str, array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind == "c":
        raise InvalidArgumentError(f"input {name} has complex numbers, which JSON has not; use gRPC")
    return _encoded(array.tolist()) if array.dtype.kind == "O" else array.tolist()


def _encoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    return {"b64": base64.b64encode(value).decode()}
