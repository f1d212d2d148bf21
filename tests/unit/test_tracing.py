"""What a servable sees of the trace it runs in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from salver import tracing
from salver.tracing import TraceContext

TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
FIRST = TraceContext(f"00-{TRACE_ID}-{SPAN_ID}-01", "vendor=1")
SECOND = TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def test_outside_a_traced_run_there_is_no_trace():
    assert tracing.current() is None
    assert tracing.members() == ()


def test_a_batch_has_the_traces_of_its_members_and_the_first_is_the_current_one():
    with tracing.running([FIRST, SECOND]):
        assert tracing.current() is FIRST
        assert tracing.members() == (FIRST, SECOND)
        with ThreadPoolExecutor() as pool:
            assert pool.submit(tracing.current).result() is None
    assert tracing.current() is None


def test_a_trace_can_be_passed_on_and_named():
    assert (FIRST.trace_id, FIRST.span_id) == (TRACE_ID, SPAN_ID)
    assert FIRST.headers() == {"traceparent": FIRST.traceparent, "tracestate": "vendor=1"}
    assert SECOND.headers() == {"traceparent": SECOND.traceparent}
