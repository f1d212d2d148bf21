"""The access log: one line for each inference that ended, by the logger `salver.access`.

As text a line is `grpc Predict MODEL/VERSION/SIGNATURE CODE 1.234 ms ...`, with a name that is not one word in
quotation marks as in JSON; as JSON its parts are fields. Its time is the end of the request. The logger has a level of
its own: the log is there where it is asked for, whatever --log_level says.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Final

from salver.boundary import JournalEntry
from salver.errors import Code

LOGGER: Final = "salver.access"
_NS: Final = 1e-9


class AccessLog:
    """Writes the lines. One thread writes."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER)
        self._logger.setLevel(logging.INFO)

    def write(self, entry: JournalEntry) -> None:
        """Write down one request."""
        fields = entry_fields(entry)
        record = self._logger.makeRecord(
            LOGGER, logging.INFO, __file__, 0, "%s", (_line(fields),), None, None, dict(fields)
        )
        record.created = (entry.started_ns + entry.duration_ns) * _NS
        record.msecs = record.created % 1 * 1000
        self._logger.handle(record)


def entry_fields(entry: JournalEntry) -> dict[str, object]:
    """Return what is told of a request; what is not known is None."""
    trace = entry.trace
    return {
        "request_id": entry.request_id or None,
        "model": entry.model,
        "version": entry.version,
        "signature": entry.signature or None,
        "api": entry.api,
        "protocol": entry.protocol,
        "code": Code(entry.code).name,
        "duration_s": _seconds(entry.duration_ns),
        "phases_s": {phase.name: _seconds(phase.duration_ns) for phase in entry.phases},
        "num_rows": entry.num_rows,
        "num_batch_requests": entry.num_batch_requests or None,
        "num_batch_rows": entry.num_batch_rows or None,
        "request_bytes": entry.num_request_bytes,
        "response_bytes": entry.num_response_bytes,
        "trace_id": None if trace is None else trace.root.split("-")[1],
        "span_id": None if trace is None else trace.root.split("-")[2],
    }


def _seconds(nanoseconds: int) -> float:
    return nanoseconds / 1_000_000_000


def _line(fields: Mapping[str, object]) -> str:
    target = "/".join(
        str(part) for part in (fields["model"], fields["version"], fields["signature"]) if part is not None
    )
    phases = fields["phases_s"]
    assert isinstance(phases, dict)
    words = [
        f"{fields['protocol']} {fields['api']} {_word(target)} {fields['code']} {_millis(fields['duration_s'])} ms",
        *(f"{name}={_millis(seconds)}" for name, seconds in phases.items()),
        f"rows={fields['num_rows']}",
        f"batch_requests={fields['num_batch_requests'] or 0}",
        f"in={fields['request_bytes']} out={fields['response_bytes']}",
        f"id={fields['request_id']}",
    ]
    return " ".join([*words, *([f"trace={fields['trace_id']}"] if fields["trace_id"] else [])])


def _word(target: str) -> str:
    """The target as one word: a client may name a model as it likes, also like the rest of a line."""
    is_plain = target.isprintable() and " " not in target and '"' not in target
    return (target or "-") if is_plain else json.dumps(target, ensure_ascii=False)


def _millis(seconds: object) -> str:
    assert isinstance(seconds, float)
    return f"{seconds * 1000:.3f}"
