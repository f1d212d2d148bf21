"""A second, independent codec for the few messages that tests and benchmarks send.

Written from the published field numbers, with none of the server's code, so that a mistake in the server's codec
cannot cancel itself out. Values are plain numpy arrays; strings are `object` arrays of bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PREDICT = "/tensorflow.serving.PredictionService/Predict"
GET_MODEL_METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
HEALTH_CHECK = "/grpc.health.v1.Health/Check"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"

DT_FLOAT, DT_DOUBLE, DT_INT32, DT_UINT8, DT_STRING, DT_INT64, DT_BOOL = 1, 2, 3, 4, 7, 9, 10
STATES = {10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}

_NUMPY_TYPES: dict[int, str] = {DT_FLOAT: "<f4", DT_DOUBLE: "<f8", DT_INT32: "<i4", DT_UINT8: "u1", DT_INT64: "<i8"}
_FIXED_FIELDS = {DT_FLOAT: (5, "<f4"), DT_DOUBLE: (6, "<f8")}
_VARINT_FIELDS = {DT_INT32: 7, DT_UINT8: 7, DT_INT64: 10, DT_BOOL: 11}

Fields = dict[int, list[Any]]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Spec:
    """A ModelSpec."""

    name: str = ""
    version: int | None = None
    label: str | None = None
    signature: str = ""


@dataclass(frozen=True)
class PredictReply:
    """A PredictResponse."""

    spec: Spec
    outputs: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionStatus:
    """One entry of a GetModelStatusResponse."""

    version: int
    state: str
    code: int
    message: str


# --- bytes -----------------------------------------------------------------------------------------------------------


def varint(value: int) -> bytes:
    """Encode one varint; negative numbers take ten bytes."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(tag: int, value: int) -> bytes:
    """Encode a varint field."""
    return varint(tag << 3) + varint(value)


def chunk(tag: int, data: bytes) -> bytes:
    """Encode a length-delimited field."""
    return varint(tag << 3 | 2) + varint(len(data)) + data


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Read one varint; returns the value and the position behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields(data: bytes) -> Fields:
    """Split a message into its fields: ints for varints, bytes for everything else."""
    out: Fields = {}
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        tag, kind = key >> 3, key & 7
        value: int | bytes
        if kind == 0:
            value, at = read_varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(kind, 0)
            if kind == 2:
                size, at = read_varint(data, at)
            value, at = data[at : at + size], at + size
        out.setdefault(tag, []).append(value)
    return out


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >> 63 else value


def _text(parsed: Fields, tag: int) -> str:
    return str(parsed.get(tag, [b""])[-1], "utf-8")


# --- tensors ---------------------------------------------------------------------------------------------------------


def tensor(value: Array | Sequence[Any], dtype: int = DT_FLOAT, *, shape: Sequence[int] | None = None) -> bytes:
    """A TensorProto: strings in `string_val`, everything else packed in `tensor_content`."""
    if dtype == DT_STRING:
        array = np.asarray(value, dtype=object)
        body = b"".join(chunk(8, item) for item in array.reshape(-1))
    else:
        array = np.asarray(value, dtype="?" if dtype == DT_BOOL else _NUMPY_TYPES[dtype])
        body = chunk(4, array.tobytes())
    return number(1, dtype) + _shape(array.shape if shape is None else shape) + body


def float_tensor(values: Iterable[float], shape: Sequence[int]) -> bytes:
    """A float TensorProto in its typed field, as most clients send it."""
    packed = np.asarray(list(values), dtype="<f4").tobytes()
    return number(1, DT_FLOAT) + _shape(shape) + chunk(5, packed)


def _shape(dims: Sequence[int]) -> bytes:
    return chunk(2, b"".join(chunk(2, number(1, dim)) for dim in dims))


def parse_tensor(data: bytes) -> Array:
    """A TensorProto of one of the types above as an array."""
    parsed = fields(data)
    dtype = parsed[1][-1]
    dims = [signed(fields(dim).get(1, [0])[-1]) for dim in fields(parsed.get(2, [b""])[-1]).get(2, [])]
    if dtype == DT_STRING:
        out = np.empty(len(parsed.get(8, [])), dtype=object)
        out[:] = parsed.get(8, [])
        return out.reshape(dims)
    if 4 in parsed:
        return np.frombuffer(parsed[4][-1], "?" if dtype == DT_BOOL else _NUMPY_TYPES[dtype]).reshape(dims)
    if dtype in _FIXED_FIELDS:
        tag, kind = _FIXED_FIELDS[dtype]
        return np.frombuffer(b"".join(parsed.get(tag, [])), kind).reshape(dims)
    values = [signed(item) for item in _varints(parsed.get(_VARINT_FIELDS[dtype], []))]
    return np.asarray(values, "?" if dtype == DT_BOOL else _NUMPY_TYPES[dtype]).reshape(dims)


def _varints(items: Iterable[int | bytes]) -> Iterable[int]:
    for item in items:
        if isinstance(item, int):
            yield item
            continue
        at = 0
        while at < len(item):
            value, at = read_varint(item, at)
            yield value


# --- messages --------------------------------------------------------------------------------------------------------


def model_spec(spec: Spec) -> bytes:
    """A ModelSpec."""
    out = chunk(1, spec.name.encode()) if spec.name else b""
    if spec.version is not None:
        out += chunk(2, number(1, spec.version))
    if spec.label is not None:
        out += chunk(4, spec.label.encode())
    return out + (chunk(3, spec.signature.encode()) if spec.signature else b"")


def parse_spec(data: bytes) -> Spec:
    """The ModelSpec in `data`."""
    parsed = fields(data)
    version = signed(fields(parsed[2][-1]).get(1, [0])[-1]) if 2 in parsed else None
    return Spec(_text(parsed, 1), version, _text(parsed, 4) if 4 in parsed else None, _text(parsed, 3))


def predict_request(spec: Spec, inputs: Mapping[str, bytes], output_filter: Sequence[str] = ()) -> bytes:
    """A PredictRequest; `inputs` holds encoded TensorProtos."""
    out = chunk(1, model_spec(spec))
    for name, value in inputs.items():
        out += chunk(2, chunk(1, name.encode()) + chunk(2, value))
    return out + b"".join(chunk(3, name.encode()) for name in output_filter)


def parse_predict_reply(data: bytes) -> PredictReply:
    """The PredictResponse in `data`."""
    parsed = fields(data)
    outputs: dict[str, Array] = {}
    for entry in parsed.get(1, []):
        pair = fields(entry)
        outputs[_text(pair, 1)] = parse_tensor(pair[2][-1])
    return PredictReply(parse_spec(parsed.get(2, [b""])[-1]), outputs)


def status_request(spec: Spec) -> bytes:
    """A GetModelStatusRequest."""
    return chunk(1, model_spec(spec))


def parse_status_reply(data: bytes) -> list[VersionStatus]:
    """The GetModelStatusResponse in `data`."""
    out = []
    for entry in fields(data).get(1, []):
        parsed = fields(entry)
        status = fields(parsed.get(3, [b""])[-1])
        state = STATES[parsed.get(2, [0])[-1]]
        version = signed(parsed.get(1, [0])[-1])
        out.append(VersionStatus(version, state, status.get(1, [0])[-1], _text(status, 2)))
    return out


def metadata_request(spec: Spec, names: Sequence[str] = ("signature_def",)) -> bytes:
    """A GetModelMetadataRequest."""
    return chunk(1, model_spec(spec)) + b"".join(chunk(2, name.encode()) for name in names)


def health_request(service: str = "") -> bytes:
    """A grpc.health.v1.HealthCheckRequest."""
    return chunk(1, service.encode()) if service else b""


def parse_health_reply(data: bytes) -> int:
    """The status of a HealthCheckResponse: 1 serving, 2 not serving, 3 service unknown."""
    return int(fields(data).get(1, [0])[-1])


def grpc_frame(message: bytes, *, compressed: bool = False) -> bytes:
    """A message with gRPC's five-byte prefix."""
    return struct.pack(">BI", compressed, len(message)) + message
