"""The trace that a Python servable runs in, so that what it does can be part of it.

A batch is of one request or of several, each with a trace of its own or none. `current()` is the trace of the first
member that has one, `members()` are those of all. Both are empty where nothing is traced.

```python
from salver import tracing

def run(self, signature, inputs):
    trace = tracing.current()
    headers = trace.headers() if trace else {}
    ...  # call another service with these headers, or hand them to OpenTelemetry's propagator
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["TraceContext", "current", "members"]


@dataclass(frozen=True, slots=True)
class TraceContext:
    """The span that whatever a servable traces belongs to: that of the run."""

    traceparent: str
    """As the header of that name has it (W3C Trace Context)."""
    tracestate: str = ""
    """As the header of that name has it; empty where the caller sent none."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.traceparent.split("-")[1]

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return self.traceparent.split("-")[2]

    def headers(self) -> dict[str, str]:
        """Return the headers, or gRPC metadata, that a call on behalf of this request should carry."""
        state = {"tracestate": self.tracestate} if self.tracestate else {}
        return {"traceparent": self.traceparent, **state}


_members: ContextVar[tuple[TraceContext, ...]] = ContextVar("salver_traces", default=())


def current() -> TraceContext | None:
    """Return the trace of the first traced request of the batch that runs on this thread, None where there is none.

    Threads that a servable starts itself see none, unless it runs them in a copy of its context.
    """
    traces = _members.get()
    return traces[0] if traces else None


def members() -> tuple[TraceContext, ...]:
    """Return the traces of all traced requests of the batch that runs on this thread."""
    return _members.get()


@contextmanager
def running(traces: Sequence[TraceContext]) -> Iterator[None]:
    """Have these be the traces of what runs in the block; for whoever runs batches."""
    token = _members.set(tuple(traces))
    try:
        yield
    finally:
        _members.reset(token)
