"""What requests carry: made up from a signature, or taken from files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salver.bench.target import Target
from salver.boundary import TensorInfo
from salver.errors import InvalidArgumentError, SalverError
from salver.records.json_requests import body_from_record, record_from_body
from salver.records.made_inputs import made_rows
from salver.records.recorded_request import record_of, request_message
from salver.records.request_form import RequestForm
from salver.records.tensors import tensor_proto
from salver.records.warmup_files import MAX_JSON_BYTES, WarmupFile

MAX_BODIES = 1000
"""Requests taken from one file."""
MAX_BYTES = 1 << 30
"""Of all of them together."""

Forms = Callable[[], Mapping[str, RequestForm]]


@dataclass(frozen=True)
class Bodies:
    """Request bodies that go round."""

    data: tuple[bytes, ...]
    rows: tuple[int, ...]
    """Of each."""
    origin: str
    """In words."""


def made_bodies(target: Target, form: RequestForm, num_rows: int, length: int | None) -> Bodies:
    """Return one body that is made up.

    Raises:
        InvalidArgumentError: An input has a type that numpy has not, or no room for so many rows.
    """
    from salver import wire

    request = wire.PredictRequest()
    shapes = []
    for info in form.required.inputs:
        _check_room(info, num_rows)
        array = made_rows(info, num_rows, length)
        request.inputs[info.name].CopyFrom(tensor_proto(array, info.dtype))
        shapes.append(f"{info.name} {list(array.shape)}")
    return Bodies((_encoded(target, request),), (num_rows,), f"made up: {', '.join(shapes) or 'no inputs'}")


def _check_room(info: TensorInfo, num_rows: int) -> None:
    if num_rows != 1 and info.shape is not None and info.shape[:1] not in {(-1,), (num_rows,)}:
        raise InvalidArgumentError(f"input {info.name} has shape {list(info.shape)}: no room for {num_rows} rows")


def read_bodies(target: Target, path: str, forms: Forms) -> Bodies:
    """Return the requests in a file, by what its name ends in: `.json`, `.npz`, or anything else for a TFRecord.

    JSON is the body of a REST request, or a list of such; NPZ is arrays by input; a TFRecord holds PredictionLogs, as
    request logs and warm-up data do. What is no request to Predict is passed over.

    Args:
        target: What they are sent to.
        path: The file.
        forms: Asked for where the file does not say what elements its values have.

    Raises:
        InvalidArgumentError: The file cannot be read, or holds nothing that can be sent.
        SalverError: Of another kind, where the file is damaged.
    """
    name = os.path.basename(path)
    data: list[bytes] = []
    rows: list[int] = []
    try:
        for body, num_rows in _requests(target, path, forms):
            data.append(body)
            rows.append(num_rows)
            if len(data) == MAX_BODIES or sum(map(len, data)) > MAX_BYTES:
                break
    except OSError as error:
        raise InvalidArgumentError(f"{path} cannot be read: {error.strerror}") from None
    if not data:
        raise InvalidArgumentError(f"{name} holds no request to Predict")
    return Bodies(tuple(data), tuple(rows), f"{len(data):,} from {name}")


def _requests(target: Target, path: str, forms: Forms) -> Iterator[tuple[bytes, int]]:
    if path.endswith(".json"):
        yield from _from_json(target, path, forms)
        return
    for item in WarmupFile(path, target.model.signature).records(forms):
        try:
            found = request_message(item.record)
            if found is not None and found[0] == "predict":
                yield _encoded(target, found[1]), _num_rows(found[1])
        except SalverError as error:
            raise InvalidArgumentError(f"{os.path.basename(path)}: {item.where}{error.message}") from None


def _from_json(target: Target, path: str, forms: Forms) -> Iterator[tuple[bytes, int]]:
    name = os.path.basename(path)
    for index, body in enumerate(_documents(path)):
        if not isinstance(body, dict) or not body.keys() & {"inputs", "instances"}:
            raise InvalidArgumentError(f'{name}: expected an object with "inputs" or "instances", or a list of such')
        if target.protocol == "rest":  # as it is: whoever wrote it meant this form
            yield json.dumps(body, separators=(",", ":")).encode(), _json_rows(body)
            continue
        named = {"signature_name": target.model.signature, **body}
        try:
            found = request_message(record_from_body(named, forms()))
        except SalverError as error:
            raise InvalidArgumentError(f"request {index} of {name}: {error.message}") from None
        assert found is not None
        yield _encoded(target, found[1]), _num_rows(found[1])


def _documents(path: str) -> list[Any]:
    with open(path, "rb") as file:
        content = file.read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise InvalidArgumentError(f"{path} has more than {MAX_JSON_BYTES} bytes; a TFRecord file may be any size")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{path} is no JSON: {error}") from None
    return document if isinstance(document, list) else [document]


def _json_rows(body: Mapping[str, Any]) -> int:
    values = body["instances"] if "instances" in body else body["inputs"]
    if isinstance(values, dict):
        values = next(iter(values.values()), None)
    return len(values) if isinstance(values, list) else 1


def _num_rows(request: Any) -> int:
    for tensor in request.inputs.values():
        if tensor.tensor_shape.dim:
            return max(1, int(tensor.tensor_shape.dim[0].size))
    return 1


def _encoded(target: Target, request: Any) -> bytes:
    """A PredictRequest to the model that is measured, whichever it was to."""
    request.model_spec.Clear()
    target.model.fill(request.model_spec)
    if target.protocol == "grpc":
        return bytes(request.SerializeToString())
    body = body_from_record(record_of("predict", request))
    try:
        return json.dumps(body, separators=(",", ":")).encode()
    except TypeError:
        raise InvalidArgumentError("the request has complex numbers, which JSON has not; use gRPC") from None
