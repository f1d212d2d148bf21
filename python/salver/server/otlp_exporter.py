"""Sending traced requests to a collector by OTLP, with the exporter of OpenTelemetry's SDK (the extra `otel`).

A request becomes a span with one child for each phase that it passed. They are made here, from times that were taken
elsewhere: the SDK's tracer makes spans of what happens now. The standard variables of the exporter
(OTEL_EXPORTER_OTLP_*) and of the resource (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) hold, but for an endpoint that
a flag names.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from salver.boundary import JournalEntry, PhaseTime
from salver.errors import Code, FailedPreconditionError
from salver.server.log_pause import LOG_PAUSE_S, LogPause

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import SpanContext, Status

_log = logging.getLogger(__name__)

MAX_WAITING: Final = 4096
"""Requests that may wait to be sent."""
_MAX_SENT: Final = 256
"""Requests that are sent together."""
_GATHER_S: Final = 1.0
_CLOSE_S: Final = 5.0
"""What a collector has left, at the end, to take what waits."""
_TRACES_PATH: Final = "/v1/traces"
_SCOPE: Final = "salver"
_OF_A_BATCH: Final = frozenset({"batch", "run"})
"""Phases that a request passes together with its batch."""
_SERVER_FAULTS: Final = frozenset(
    {Code.UNKNOWN, Code.DEADLINE_EXCEEDED, Code.UNIMPLEMENTED, Code.INTERNAL, Code.UNAVAILABLE, Code.DATA_LOSS}
)
"""Codes that make a server's span one that failed (OpenTelemetry's conventions for RPC): others are the client's."""


def otlp_exporter(endpoint: str, version: str, on_dropped: Callable[[int], None]) -> OtlpExporter:
    """Make an exporter to the collector at this base URL; an empty one is taken from the environment.

    Args:
        endpoint: Without the path of the signal, such as `http://localhost:4318`.
        version: That of this server, as an attribute of every span.
        on_dropped: Told how many requests a collector did not take.

    Raises:
        FailedPreconditionError: OpenTelemetry's SDK is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    except ImportError as error:
        raise FailedPreconditionError(
            "traces need OpenTelemetry's SDK, which is not installed: pip install 'salver[otel]'"
        ) from error
    own = Resource({"service.name": "salver", "service.version": version})
    url = endpoint.rstrip("/") + _TRACES_PATH if endpoint else None
    return OtlpExporter(OTLPSpanExporter(endpoint=url), own.merge(OTELResourceDetector().detect()), on_dropped)


class OtlpExporter:
    """A `TraceExporter` that sends from a thread of its own."""

    def __init__(
        self,
        sender: SpanExporter,
        resource: Resource,
        on_dropped: Callable[[int], None],
        *,
        max_waiting: int = MAX_WAITING,
        max_sent: int = _MAX_SENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start to send what comes by `sender`."""
        self._sender = sender
        self.resource = resource
        """What every span says of this server."""
        self._max_sent = max_sent
        self._on_dropped = on_dropped
        self._waiting: queue.Queue[JournalEntry | None] = queue.Queue(max_waiting)
        self._pause = LogPause(clock)
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="salver-traces", daemon=True)
        self._thread.start()

    def export(self, entry: JournalEntry) -> bool:
        """See `TraceExporter.export`."""
        try:
            self._waiting.put_nowait(entry)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """See `TraceExporter.close`."""
        self._is_closing.set()
        with suppress(queue.Full):
            self._waiting.put(None, timeout=_CLOSE_S)
        self._thread.join(_CLOSE_S)
        self._sender.shutdown()  # ends what it waits for between two attempts

    def _run(self) -> None:
        is_last = False
        while not is_last:
            entries, is_last = self._gather()
            if entries:
                self._send(entries)

    def _gather(self) -> tuple[list[JournalEntry], bool]:
        """Wait for a request, then a little for more; says also whether they are the last."""
        entries: list[JournalEntry] = []
        while len(entries) < self._max_sent:
            try:
                entry = self._waiting.get(timeout=_GATHER_S if entries and not self._is_closing.is_set() else None)
            except queue.Empty:
                break
            if entry is None:
                return entries, True
            entries.append(entry)
        return entries, False

    def _send(self, entries: Sequence[JournalEntry]) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        try:
            is_sent = self._sender.export(spans_of(entries, self.resource)) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001  # whatever it is, the next ones may do
            is_sent = False
            _log.debug("Sending traces failed", exc_info=error)
        if not is_sent:
            self._on_dropped(len(entries))
            if self._pause.is_due("sending"):
                text = "%d traces could not be sent to the collector (the like is not logged again for %d s)"
                _log.warning(text, len(entries), LOG_PAUSE_S)


def spans_of(entries: Sequence[JournalEntry], resource: Resource) -> list[ReadableSpan]:
    """Return the spans of traced requests, each followed by those of its phases."""
    return [span for entry in entries if entry.trace is not None for span in _SpanMaker(entry, resource).spans()]


class _SpanMaker:
    """Makes the spans of one request."""

    def __init__(self, entry: JournalEntry, resource: Resource) -> None:
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import TraceState

        assert entry.trace is not None
        self._entry, self._trace, self._resource = entry, entry.trace, resource
        self._scope = InstrumentationScope(_SCOPE)
        self._state = TraceState.from_header([self._trace.state])

    def spans(self) -> list[ReadableSpan]:
        """Return the request's span and those of its phases."""
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanKind

        entry, trace = self._entry, self._trace
        root = ReadableSpan(
            name=f"salver/{entry.api}",
            context=self._context(trace.root),
            parent=None if trace.parent is None else self._context(trace.parent, is_remote=True),
            resource=self._resource,
            attributes=_attributes(entry),
            kind=SpanKind.SERVER,
            status=_status(Code(entry.code)),
            start_time=entry.started_ns,
            end_time=entry.started_ns + entry.duration_ns,
            instrumentation_scope=self._scope,
        )
        return [root, *map(self._phase, entry.phases)]

    def _phase(self, phase: PhaseTime) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan

        begin_ns = self._entry.started_ns + phase.begin_ns
        context = self._context(self._trace.run) if phase.name == "run" else self._new_context()
        return ReadableSpan(
            name=phase.name,
            context=context,
            parent=self._context(self._trace.root),
            resource=self._resource,
            attributes=_batch_attributes(self._entry) if phase.name in _OF_A_BATCH else None,
            start_time=begin_ns,
            end_time=begin_ns + phase.duration_ns,
            instrumentation_scope=self._scope,
        )

    def _context(self, traceparent: str, *, is_remote: bool = False) -> SpanContext:
        from opentelemetry.trace import SpanContext, TraceFlags

        _, trace_id, span_id, flags = traceparent.split("-")
        return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote, TraceFlags(int(flags, 16)), self._state)

    def _new_context(self) -> SpanContext:
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        version, trace_id, _, flags = self._trace.root.split("-")
        span_id = RandomIdGenerator().generate_span_id()
        return self._context(f"{version}-{trace_id}-{span_id:016x}-{flags}")


def _attributes(entry: JournalEntry) -> dict[str, str | int]:
    known: dict[str, str | int | None] = {
        "salver.model": entry.model,
        "salver.version": entry.version,
        "salver.signature": entry.signature,
        "salver.protocol": entry.protocol,
        "salver.code": Code(entry.code).name,
        "salver.request_id": entry.request_id,
        "salver.rows": entry.num_rows,
        "salver.request_bytes": entry.num_request_bytes,
        "salver.response_bytes": entry.num_response_bytes,
        "rpc.method": entry.api if entry.protocol == "grpc" else None,
        "rpc.grpc.status_code": entry.code if entry.protocol == "grpc" else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _batch_attributes(entry: JournalEntry) -> dict[str, str | int]:
    return {"salver.batch.requests": entry.num_batch_requests, "salver.batch.rows": entry.num_batch_rows}


def _status(code: Code) -> Status:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR, code.name) if code in _SERVER_FAULTS else Status(StatusCode.UNSET)
