"""Recordings and replays on the admin port: TFRecord files out and in."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, fields
from typing import Any

from salver.admin.recording import RecordRequest
from salver.config.flag_parser import nearest
from salver.core.ids import ServableId
from salver.errors import InvalidArgumentError
from salver.server.admin.model_name import model_of
from salver.server.admin.query import read_number, read_query
from salver.server.admin.router import AdminRequest
from salver.server.http_response import HttpResponse, json_response
from salver.server.recordings import Recordings
from salver.server.replays import Replays

MAX_RECORDS = 100_000
MAX_BYTES = 256 << 20
MAX_TIMEOUT_S = 600.0
MAX_CONCURRENCY = 64

_LIMITS: Mapping[str, tuple[type | tuple[type, ...], float, float]] = {
    "max_records": (int, 1, MAX_RECORDS),
    "max_bytes": (int, 1, MAX_BYTES),
    "timeout_s": ((int, float), 0, MAX_TIMEOUT_S),
    "sampling_rate": ((int, float), 0, 1),
}
"""Type, least and highest value of each field of a request to record."""


class WarmupPages:
    """Answers requests to record and to replay."""

    def __init__(self, recordings: Recordings, replays: Replays, names: Callable[[], Collection[str]]) -> None:
        """Make a handler; `names` are those of the configured models."""
        self._recordings = recordings
        self._replays = replays
        self._names = names

    def record(self, request: AdminRequest) -> HttpResponse:
        """Answer with a TFRecord file of requests that came meanwhile; takes as long as the request allows.

        Raises:
            SalverError: The request is wrong, the model is not configured, or too much is recorded already.
        """
        call = request.call
        wanted = read_record_request(bytes(call.body))
        made = self._recordings.record(model_of(request, self._names()), wanted, lambda: not call.is_cancelled)
        headers = (
            ("content-type", "application/octet-stream"),
            ("x-salver-records", str(made.num_records)),
            ("x-salver-dropped", str(made.num_dropped)),
            ("x-salver-end", made.end.value),
        )
        return HttpResponse(200, headers, made.content())

    def replay(self, request: AdminRequest) -> HttpResponse:
        """Answer with what came of replaying the body; takes as long as the version takes.

        Raises:
            SalverError: The request is wrong, the version is not loaded, or the body is no TFRecord file.
        """
        call = request.call
        id = ServableId(model_of(request, self._names()), read_number("the version", request.parameters["version"]))
        concurrency = read_concurrency(call.query)
        report = self._replays.replay(id, bytes(call.body), concurrency, lambda: not call.is_cancelled)
        return json_response(json.dumps(asdict(report)))


def read_concurrency(query: str) -> int:
    """Return how many requests a query wants to be replayed at a time; by default one.

    Raises:
        InvalidArgumentError: It says something else, too, or is out of range.
    """
    (*_, given) = ("1", *read_query(query, ("concurrency",)).get("concurrency", ()))
    concurrency = read_number("concurrency", given)
    if not 1 <= concurrency <= MAX_CONCURRENCY:
        raise InvalidArgumentError(f"concurrency must be from 1 to {MAX_CONCURRENCY}, got {concurrency}")
    return concurrency


def read_record_request(body: bytes) -> RecordRequest:
    """Read the JSON of a request to record; an empty body asks for what is usual.

    Raises:
        InvalidArgumentError: It is no such request.
    """
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"the body is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"the body must be a JSON object, got {type(document).__name__}")
    known = [field.name for field in fields(RecordRequest)]
    for name in document:
        if name not in known:
            guess = nearest(name, known)
            hint = f"; did you mean {guess}?" if guess else f"; expected {', '.join(known)}"
            raise InvalidArgumentError(f"a recording has no field {name}{hint}")
    return RecordRequest(**{name: _checked(name, value) for name, value in document.items()})


def _checked(name: str, value: object) -> Any:
    kind, least, most = _LIMITS[name]
    is_number = isinstance(value, kind) and not isinstance(value, bool)
    is_open = name == "sampling_rate"
    if is_number and least <= value <= most and not (is_open and value == least):  # type: ignore[operator]
        return value
    what = "a whole number" if kind is int else "a number"
    bound = f"above {least}" if is_open else f"from {least}"
    raise InvalidArgumentError(f"{name} must be {what} {bound} to {most:g}, got {json.dumps(value)}")
