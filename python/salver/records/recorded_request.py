"""From a record to the request in it. A record is a serialized PredictionLog, and of it only the request counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salver.errors import InvalidArgumentError, UnimplementedError

if TYPE_CHECKING:
    from salver.wire import Message

_LOG_SUFFIX = "_log"
_UNSUPPORTED = {"session_run_log", "predict_streamed_log"}


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """A request as `DataPlane.replay` takes it."""

    api: str
    """`predict`, `classify`, `regress` or `multi_inference`."""
    message: bytes


def recorded_request(record: bytes) -> RecordedRequest | None:
    """Return the request of a record; None where it holds none, which is allowed.

    Raises:
        InvalidArgumentError: Not a PredictionLog.
        UnimplementedError: A log of a kind that is not replayed.
    """
    found = request_message(record)
    return None if found is None else RecordedRequest(found[0], found[1].SerializeToString())


def request_message(record: bytes) -> tuple[str, Message] | None:
    """Return API and message of the request of a record; None and errors as `recorded_request` has them."""
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
    return kind.removesuffix(_LOG_SUFFIX), getattr(log, kind).request


def record_of(api: str, request: Message) -> bytes:
    """Return the record that holds a request; the reverse of `request_message`."""
    from salver import wire

    log = wire.PredictionLog()
    getattr(log, api + _LOG_SUFFIX).request.CopyFrom(request)
    return log.SerializeToString(deterministic=True)
