"""Set-up of log output: one line per event on stderr, as text or as JSON.

Code logs with `logging.getLogger(__name__)`; a message says everything by itself. What a collector may want to filter
by comes as fields too, `extra={"model": ..., "version": ...}`; only JSON carries them. An exception is one line, its
type and text; the traceback follows only when the level is debug, so that an operator's log stays one line per event.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import IO

from salver import tracing
from salver.config.server_config import LogFormat

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of text: with it a part of a line can be shown in the place of another."""
_BEYOND_ASCII = (*range(0x7F, 0xA0), 0x2028, 0x2029, *_DIRECTIONS)
"""Control characters and ends of lines that JSON lets stand."""
_ESCAPED = {
    code: chr(code).encode("unicode_escape").decode() for code in (*range(0x20), *_BEYOND_ASCII) if chr(code) != "\t"
}
"""One event is one line, and no terminal obeys it, whatever a client sent."""
_ESCAPED_IN_JSON = {code: f"\\u{code:04x}" for code in _BEYOND_ASCII}


def set_up_logging(log_format: LogFormat, level: str = "info", stream: IO[str] | None = None) -> None:
    """Send all log records of the process to `stream` (stderr), replacing earlier set-up.

    Args:
        log_format: Text or JSON.
        level: Name of the least severe level written, in any case.
        stream: Where lines go.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    tracebacks = level.lower() == "debug"
    handler.setFormatter(JsonFormatter(tracebacks) if log_format is LogFormat.JSON else HumanFormatter(tracebacks))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(capture=True)


def extras(record: logging.LogRecord) -> dict[str, object]:
    """The structured fields that the caller gave."""
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD and value is not None}


def _trace() -> dict[str, str]:
    """Where a servable logs: the trace of the request that it runs for."""
    trace = tracing.current()
    return {} if trace is None else {"trace_id": trace.trace_id, "span_id": trace.span_id}


class _OneLineFormatter(logging.Formatter):
    """What both forms share: UTC time in milliseconds, an exception as its type and text."""

    def __init__(self, tracebacks: bool) -> None:  # noqa: FBT001  # the only argument
        super().__init__()
        self._tracebacks = tracebacks

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # logging's name
        """Return the record's time as RFC 3339."""
        seconds = time.strftime(datefmt or "%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{seconds}.{int(record.msecs):03d}Z"

    def _error(self, record: logging.LogRecord) -> str | None:
        error = record.exc_info[1] if record.exc_info else None
        return None if error is None else f"{type(error).__name__}: {error}"

    def _traceback(self, record: logging.LogRecord) -> str | None:
        if self._tracebacks and record.exc_info and record.exc_info[1]:
            return self.formatException(record.exc_info)
        return None


class HumanFormatter(_OneLineFormatter):
    """`2026-11-22T20:11:56.123Z INFO    salver.server message`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback's lines at debug."""
        text = record.getMessage()
        error, traceback = self._error(record), self._traceback(record)
        if error is not None:
            text = f"{text}: {error}"
        text = text.translate(_ESCAPED)
        line = f"{self.formatTime(record)} {record.levelname:<7} {record.name} {text}"
        if traceback is None:
            return line
        return "\n".join([line, *(own.translate(_ESCAPED) for own in traceback.split("\n"))])


class JsonFormatter(_OneLineFormatter):
    """One object per line: time, level, logger, message, the caller's fields, and trace, error and traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON text."""
        document = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_trace(),
            **extras(record),
        }
        for key, value in (("error", self._error(record)), ("traceback", self._traceback(record))):
            if value is not None:
                document.setdefault(key, value)
        return json.dumps(document, default=str, ensure_ascii=False).translate(_ESCAPED_IN_JSON)
