"""Predict requests as arrays in an NPZ file: to records and back.

A file holds requests to one signature. An array is called as its input, `x`, where there is one request, and else
`0/x`, `1/x` and so on, by the number of the request.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from salver.errors import DataLossError, InvalidArgumentError, SalverError, UnimplementedError
from salver.records.recorded_request import record_of, request_message
from salver.records.request_form import RequestForm
from salver.records.tensors import tensor_array, tensor_proto, typed
from salver.servables.servable import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray[Any, Any]]

MAX_ARRAY_BYTES = 4 << 30
"""Of all arrays of a file together, unpacked."""
_NUMBERED = re.compile(r"(\d+)/(.+)", re.DOTALL)
_HEAD = "the file is damaged, or no NPZ file as numpy.savez writes it, of numbers or fixed-length strings"


def records_in_npz(stream: BinaryIO, form: RequestForm) -> Iterator[bytes]:
    """Give the record of each request in a file, in order; reads the arrays of one at a time.

    Raises:
        DataLossError: It is no NPZ file, or damaged.
        InvalidArgumentError: Its arrays do not fit the signature; names the array.
    """
    import numpy as np

    try:
        _check_size(stream)
        with np.load(stream, allow_pickle=False) as arrays:
            for names in _requests(arrays.files):
                form.check_names(names)
                yield _record({name: arrays[key] for name, key in names.items()}, form)
    except SalverError:
        raise
    except Exception:  # noqa: BLE001  # whatever zipfile, zlib and numpy's reader of headers say of damage
        raise DataLossError(_HEAD) from None


def npz_arrays(records: Iterable[bytes]) -> tuple[str, dict[str, Any]]:
    """Return the signature of these records, and the arrays of an NPZ file that holds them.

    Raises:
        UnimplementedError: A record is of another API than predict.
        InvalidArgumentError: They are of several signatures, a tensor cannot be read, or there is no request.
    """
    requests = [_predict_request(record) for record in records]
    found = [request for request in requests if request is not None]
    signatures = sorted({request.model_spec.signature_name or DEFAULT_SIGNATURE for request in found})
    if len(signatures) != 1:
        what = f"requests to {', '.join(signatures)}" if signatures else "no requests"
        raise InvalidArgumentError(f"an NPZ file is of one signature; these are {what} (--signature chooses)")
    arrays = {}
    for index, request in enumerate(found):
        for name in sorted(request.inputs):
            key = name if len(found) == 1 and not _NUMBERED.fullmatch(name) else f"{index}/{name}"
            arrays[key] = _plain(name, request.inputs[name])
    return signatures[0], arrays


def _check_size(stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream) as file:
        total = sum(member.file_size for member in file.infolist())
    stream.seek(0)
    if total > MAX_ARRAY_BYTES:
        raise InvalidArgumentError(f"its arrays take {total} bytes unpacked, expected at most {MAX_ARRAY_BYTES}")


def _requests(keys: Iterable[str]) -> list[dict[str, str]]:
    """For each request the keys of its inputs, by input."""
    keys = list(keys)
    if not keys:
        raise InvalidArgumentError("there are no arrays in it")
    numbered = [_NUMBERED.fullmatch(key) for key in keys]
    if not any(numbered):
        return [{key: key for key in keys}]
    requests: dict[int, dict[str, str]] = {}
    for key, found in zip(keys, numbered, strict=True):
        if found is None:
            raise InvalidArgumentError(f"array {key} has no number of its request before it, and others have")
        requests.setdefault(int(found[1]), {})[found[2]] = key
    return [requests[number] for number in sorted(requests)]


def _record(arrays: Arrays, form: RequestForm) -> bytes:
    from salver import wire

    request = wire.PredictRequest()
    request.model_spec.signature_name = form.signature.name
    for name, array in arrays.items():
        info = form.inputs[name]
        request.inputs[name].CopyFrom(tensor_proto(typed(info, array), info.dtype))
    return record_of("predict", request)


def _predict_request(record: bytes) -> Any:
    found = request_message(record)
    if found is None:
        return None
    api, request = found
    if api != "predict":
        raise UnimplementedError(f"a request of {api} has no form in NPZ; JSON has one for classify and regress")
    return request


def _plain(name: str, tensor: Any) -> np.ndarray[Any, Any]:
    """An array that needs no pickle: byte strings get a fixed length."""
    import numpy as np

    try:
        array = tensor_array(tensor)
    except ValueError as error:
        raise InvalidArgumentError(f"input {name}: {error}") from None
    if array.dtype.kind != "O":
        return array
    if any(item.endswith(b"\0") for item in array.ravel()):
        raise InvalidArgumentError(f"input {name} has strings that end with a zero byte, which NPZ files cut off")
    return np.array(array.tolist(), np.bytes_).reshape(array.shape)
