"""What requests carry: made up from a signature, or taken from files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salver.bench.target import Target
from salver.boundary import Signature, TensorInfo
from salver.errors import InvalidArgumentError
from salver.inputs.made_inputs import USUAL_LENGTH, fitted, made_values
from salver.inputs.predict_request import grpc_request, rest_request

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]

MAX_RECORDS = 1000
"""Requests taken from one file."""
_MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True)
class Bodies:
    """Request bodies that go round."""

    data: tuple[bytes, ...]
    rows: tuple[int, ...]
    """Of each."""
    origin: str
    """In words."""


def made_bodies(target: Target, signature: Signature, num_rows: int, length: int | None) -> Bodies:
    """Return one body that is made up.

    Raises:
        InvalidArgumentError: An input has a type that numpy has not, or no room for so many rows.
    """
    arrays = {info.name: _made(info, num_rows, length) for info in signature.inputs}
    shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
    return Bodies((_body(target, arrays),), (num_rows,), f"made up: {shapes or 'no inputs'}")


def _made(info: TensorInfo, num_rows: int, length: int | None) -> np.ndarray[Any, Any]:
    shape = (-1,) if info.shape is None else info.shape
    if num_rows != 1 and shape[:1] not in {(-1,), (num_rows,)}:
        raise InvalidArgumentError(f"input {info.name} has shape {list(shape)}: it has no room for {num_rows} rows")
    rest = [(length or USUAL_LENGTH) if size < 0 else size for size in shape[1:]]
    first = [num_rows if size < 0 else size for size in shape[:1]]
    return made_values(info.dtype, [*first, *rest])


def read_bodies(target: Target, path: str, signature: Callable[[], Signature]) -> Bodies:
    """Return the requests in a file, by what its name ends in: `.json`, `.npz`, or anything else for a TFRecord.

    JSON is the body of a REST request, or a list of such; NPZ is arrays by input; a TFRecord holds PredictionLogs, as
    request logs and warm-up data do.

    Args:
        target: What they are sent to.
        path: The file.
        signature: Asked for where the file does not say what elements its values have.

    Raises:
        InvalidArgumentError: The file cannot be read, or holds nothing that can be sent.
    """
    try:
        size = Path(path).stat().st_size
        if size > _MAX_FILE_BYTES:
            raise InvalidArgumentError(f"{path} has {size:,} bytes, expected at most {_MAX_FILE_BYTES:,}")
        if path.endswith(".json"):
            return _from_json(target, path, signature)
        if path.endswith(".npz"):
            return _from_arrays(target, path, signature)
        return _from_records(target, path)
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from None


def _from_json(target: Target, path: str, signature: Callable[[], Signature]) -> Bodies:
    try:
        document: Any = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise InvalidArgumentError(f"{path} is no JSON: {error}") from None
    requests = document if isinstance(document, list) else [document]
    if not requests or not all(isinstance(item, dict) and item.keys() & {"inputs", "instances"} for item in requests):
        raise InvalidArgumentError(f'{path}: expected an object with "inputs" or "instances", or a list of such')
    rows = tuple(_json_rows(item) for item in requests)
    if target.protocol == "rest":
        data = tuple(json.dumps(item, separators=(",", ":")).encode() for item in requests)
    else:
        known = signature()
        data = tuple(grpc_request(target.model, _json_arrays(path, item, known)) for item in requests)
    return Bodies(data, rows, _origin(path, len(data)))


def _json_rows(request: Mapping[str, Any]) -> int:
    if "instances" in request:
        return len(request["instances"]) if isinstance(request["instances"], list) else 1
    inputs = request["inputs"]
    first = next(iter(inputs.values()), None) if isinstance(inputs, dict) else inputs
    return len(first) if isinstance(first, list) else 1


def _json_arrays(path: str, request: Mapping[str, Any], signature: Signature) -> Arrays:
    """The values of a REST body as arrays of the signature."""
    known = {info.name: info for info in signature.inputs}
    columns = _columns(path, request, known)
    if columns.keys() != known.keys():
        raise InvalidArgumentError(f"{path} has inputs {', '.join(columns)}; {signature.name} has {', '.join(known)}")
    return {name: fitted(known[name], _unpacked(path, name, value)) for name, value in columns.items()}


def _columns(path: str, request: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    names = list(known)
    if "inputs" in request:
        inputs = request["inputs"]
        is_named = isinstance(inputs, dict) and set(inputs) != {"b64"}
        return dict(inputs) if is_named else dict.fromkeys(names[:1], inputs)
    rows = request["instances"]
    if not isinstance(rows, list) or not rows:
        raise InvalidArgumentError(f'{path}: expected a list of rows as "instances"')
    if all(isinstance(row, dict) and set(row) != {"b64"} for row in rows):
        if any(row.keys() != rows[0].keys() for row in rows):
            raise InvalidArgumentError(f'{path}: the rows of "instances" have different inputs')
        return {name: [row[name] for row in rows] for name in rows[0]}
    return dict.fromkeys(names[:1], rows)


def _unpacked(path: str, name: str, value: Any) -> np.ndarray[Any, Any]:
    """Nested lists as an array; `{"b64": ...}` as the bytes it stands for."""
    import base64
    import binascii

    import numpy as np

    def decoded(item: Any) -> Any:
        if isinstance(item, list):
            return [decoded(inner) for inner in item]
        return base64.b64decode(item["b64"]) if isinstance(item, dict) else item

    try:
        return np.asarray(decoded(value))
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise InvalidArgumentError(f"{path}: input {name} is no tensor") from None


def _from_arrays(target: Target, path: str, signature: Callable[[], Signature]) -> Bodies:
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (ValueError, zipfile.BadZipFile, EOFError):
        raise InvalidArgumentError(f"{path} is no NPZ file of arrays") from None
    known = {info.name: info for info in signature().inputs}
    if arrays.keys() != known.keys():
        raise InvalidArgumentError(f"{path} has {', '.join(arrays)}; the signature has {', '.join(known)}")
    fit = {name: fitted(known[name], array) for name, array in arrays.items()}
    rows = max((len(array) for array in fit.values()), default=1)
    return Bodies((_body(target, fit),), (rows,), _origin(path, 1))


def _from_records(target: Target, path: str) -> Bodies:
    from google.protobuf.message import DecodeError

    from salver import wire
    from salver.errors import DataLossError
    from salver.wire.tfrecord import read_records

    if target.protocol != "grpc":
        raise InvalidArgumentError(f"{path}: recorded requests are messages, which REST does not take")
    data: list[bytes] = []
    rows: list[int] = []
    try:
        with open(path, "rb") as stream:
            for record in read_records(stream):
                log = wire.PredictionLog.FromString(record)
                if log.WhichOneof("log_type") == "predict_log" and len(data) < MAX_RECORDS:
                    request = log.predict_log.request
                    request.model_spec.Clear()
                    target.model.fill(request.model_spec)
                    data.append(request.SerializeToString())
                    rows.append(_message_rows(request))
    except (DataLossError, DecodeError) as error:
        raise InvalidArgumentError(f"{path} is no TFRecord file of PredictionLogs: {error}") from None
    if not data:
        raise InvalidArgumentError(f"{path} holds no request to Predict")
    return Bodies(tuple(data), tuple(rows), _origin(path, len(data)))


def _message_rows(request: Any) -> int:
    for tensor in request.inputs.values():
        if tensor.tensor_shape.dim:
            return max(1, int(tensor.tensor_shape.dim[0].size))
    return 1


def _body(target: Target, arrays: Arrays) -> bytes:
    return (grpc_request if target.protocol == "grpc" else rest_request)(target.model, arrays)


def _origin(path: str, num: int) -> str:
    return f"{num:,} from {Path(path).name}"
