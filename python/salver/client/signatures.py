"""The signatures of a model: what it takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from salver.client.dtypes import BY_NUMBER, BY_WIRE_NAME, numpy_dtype
from salver.client.wire_messages import parsed
from salver.client.wire_reader import MalformedError
from salver.errors import UnimplementedError

DEFAULT_SIGNATURE = "serving_default"
_WITHOUT_ARRAYS = {0: "DT_INVALID", 20: "DT_RESOURCE", 21: "DT_VARIANT"}
"""Types of tensors that never leave a model."""


@dataclass(frozen=True)
class TensorInfo:
    """An input or an output."""

    wire_dtype: str
    """As in TensorFlow, for example `DT_FLOAT`."""
    shape: tuple[int | None, ...] | None
    """None for a dimension of any size; None in place of all for any shape."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy type of arrays for it; `object` for text.

        Raises:
            UnimplementedError: There is none.
        """
        element = BY_WIRE_NAME.get(self.wire_dtype)
        if element is None:
            raise UnimplementedError(f"elements of type {self.wire_dtype} have no numpy type")
        return numpy_dtype(element)

    def __str__(self) -> str:
        """For example `float32 [?, 224, 224, 3]`."""
        element = BY_WIRE_NAME.get(self.wire_dtype)
        name = self.wire_dtype if element is None else {"object": "string"}.get(element.name, element.name)
        if self.shape is None:
            return f"{name} of any shape"
        return f"{name} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"


@dataclass(frozen=True)
class Signature:
    """A function of a model."""

    method: str
    """For example `tensorflow/serving/predict`."""
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    defaults: frozenset[str] = frozenset()
    """Inputs that may be left out over gRPC."""


@dataclass(frozen=True)
class ModelMetadata:
    """A version of a model and its signatures."""

    model: str
    version: int | None
    signatures: Mapping[str, Signature]


def metadata_of_message(message: bytes) -> ModelMetadata:
    """Read a GetModelMetadataResponse.

    Raises:
        MalformedError: It is none.
    """
    answer = parsed("GetModelMetadataResponse", message)
    if "signature_def" not in answer.metadata:
        raise MalformedError("it holds no signatures")
    found = parsed("SignatureDefMap", answer.metadata["signature_def"].value)
    version = answer.model_spec.version.value if answer.model_spec.HasField("version") else None
    signatures = {name: _signature(found.signature_def[name]) for name in sorted(found.signature_def)}
    return ModelMetadata(answer.model_spec.name, version, signatures)


def metadata_of_document(document: Any) -> ModelMetadata:
    """Read the answer of the REST API.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    spec = document["model_spec"]
    found = document["metadata"]["signature_def"]["signature_def"]
    version = int(spec["version"]) if spec.get("version") else None
    signatures = {
        name: Signature(
            one["method_name"],
            {key: _info_of_document(one["inputs"][key]) for key in sorted(one["inputs"])},
            {key: _info_of_document(one["outputs"][key]) for key in sorted(one["outputs"])},
            frozenset(one.get("defaults", ())),
        )
        for name, one in sorted(found.items())
    }
    return ModelMetadata(spec["name"], version, signatures)


def _signature(one: Any) -> Signature:
    return Signature(
        one.method_name,
        {name: _info(one.inputs[name]) for name in sorted(one.inputs)},
        {name: _info(one.outputs[name]) for name in sorted(one.outputs)},
        frozenset(one.defaults),
    )


def _info(info: Any) -> TensorInfo:
    element = BY_NUMBER.get(info.dtype)
    wire_dtype = f"DT_{element.wire_name}" if element else _WITHOUT_ARRAYS.get(info.dtype, f"type {info.dtype}")
    sizes = None if info.tensor_shape.unknown_rank else [dim.size for dim in info.tensor_shape.dim]
    return TensorInfo(wire_dtype, _shape(sizes))


def _info_of_document(info: Any) -> TensorInfo:
    shape = info.get("tensor_shape", {})
    sizes = None if shape.get("unknown_rank") else [int(dim["size"]) for dim in shape.get("dim", ())]
    return TensorInfo(info["dtype"], _shape(sizes))


def _shape(sizes: list[int] | None) -> tuple[int | None, ...] | None:
    return None if sizes is None else tuple(None if size < 0 else size for size in sizes)
