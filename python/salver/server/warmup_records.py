"""Warm-up data: which requests a version is to be warmed up with.

A version directory may hold a TFRecord file of serialized PredictionLog messages, as the request log writes them. Of
each only the request counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from salver.core.storage_path import StoragePath
from salver.errors import InvalidArgumentError, UnimplementedError

MAX_RECORDS = 1000
"""A file with more fails the load; one more is replayed before that is noticed."""

_LOG_SUFFIX = "_log"
_UNSUPPORTED = {"session_run_log", "predict_streamed_log"}


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as `DataPlane.replay` takes it."""

    api: str
    message: bytes


def warmup_file(directory: StoragePath) -> str:
    """Return the path at which the warm-up data of a version is looked for."""
    return os.path.join(directory, "assets.extra", "tf_serving_warmup_requests")


def read_warmup_data(path: str) -> Iterator[bytes]:
    """Give the records of a file, in order.

    Raises:
        DataLossError: The file is damaged or no TFRecord file.
    """
    from salver.wire.tfrecord import read_records  # not on the start path

    with open(path, "rb") as stream:
        yield from read_records(stream)


def recorded_request(record: bytes) -> RecordedRequest | None:
    """Return the request of a record; None where it holds none, which is allowed.

    Raises:
        InvalidArgumentError: Not a PredictionLog.
        UnimplementedError: A log of a kind that is not replayed.
    """
    from google.protobuf.message import DecodeError  # not on the start path

    from salver import wire

    try:
        log = wire.PredictionLog.FromString(record)
    except DecodeError as error:
        raise InvalidArgumentError(f"expected a serialized PredictionLog, and it cannot be read: {error}") from error
    kind = log.WhichOneof("log_type")
    if kind is None:
        return None
    if kind in _UNSUPPORTED:
        raise UnimplementedError(f"a {kind} cannot be replayed")
    return RecordedRequest(kind.removesuffix(_LOG_SUFFIX), getattr(log, kind).request.SerializeToString())
