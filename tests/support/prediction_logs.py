"""Records of warm-up data and request logs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from salver import wire
from salver.wire.tfrecord import record_bytes


def predict_record(request: bytes) -> bytes:
    """A PredictionLog with this PredictRequest."""
    return log_record("predict_log", "PredictLog", "PredictRequest", request)


def log_record(field: str, log: str, request_message: str, request: bytes = b"") -> bytes:
    """A PredictionLog with one request of any kind."""
    package = "tensorflow.serving."
    made = wire.message_class(package + log)()
    parsed = wire.message_class(package + request_message).FromString(request)
    if field == "predict_streamed_log":
        made.request.append(parsed)
    else:
        made.request.CopyFrom(parsed)
    return wire.PredictionLog(**{field: made}).SerializeToString()


def write_warmup_data(version_directory: Path, records: Iterable[bytes]) -> Path:
    """Write the file that a version is warmed up with."""
    file = version_directory / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(map(record_bytes, records)))
    return file
