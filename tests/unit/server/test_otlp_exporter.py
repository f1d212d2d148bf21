"""Spans of traced requests, and sending them."""

from __future__ import annotations

import threading

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from salver.boundary import RequestTrace
from salver.errors import Code
from salver.server.otlp_exporter import OtlpExporter, otlp_exporter, spans_of
from tests.support.journal import PHASES, ROOT, RUN, TRACE_ID, journal_entry

RESOURCE = Resource({"service.name": "salver"})


def spans(**changes):
    return spans_of([journal_entry(**changes)], RESOURCE)


def test_a_request_is_a_span_of_its_callers_trace_with_a_child_for_each_phase():
    root, *children = spans()

    assert (root.name, root.kind, root.resource) == ("salver/Predict", SpanKind.SERVER, RESOURCE)
    assert f"{root.context.trace_id:032x}" == TRACE_ID
    assert (f"{root.context.span_id:016x}", f"{root.parent.span_id:016x}") == ("b" * 16, "a" * 16)
    assert root.parent.is_remote
    assert root.context.trace_state.to_header() == "vendor=1"
    assert [child.name for child in children] == ["decode", "queue", "batch", "run", "encode"]
    assert {child.parent.span_id for child in children} == {root.context.span_id}
    assert {child.context.trace_id for child in children} == {root.context.trace_id}
    assert f"{children[3].context.span_id:016x}" == "c" * 16
    assert len({span.context.span_id for span in (root, *children)}) == 6


def test_times_are_those_of_the_request():
    root, *children = spans()

    assert root.end_time - root.start_time == 1_234_000
    for child, phase in zip(children, PHASES, strict=True):
        assert child.start_time - root.start_time == phase.begin_ns
        assert child.end_time - child.start_time == phase.duration_ns


def test_attributes_say_what_was_asked_and_with_whom_it_ran():
    root, *children = spans()

    assert dict(root.attributes) == {
        "salver.model": "m",
        "salver.version": 3,
        "salver.signature": "serving_default",
        "salver.protocol": "grpc",
        "salver.code": "OK",
        "salver.request_id": "r1",
        "salver.rows": 2,
        "salver.request_bytes": 60,
        "salver.response_bytes": 70,
        "rpc.method": "Predict",
        "rpc.grpc.status_code": 0,
    }
    batch = {"salver.batch.requests": 4, "salver.batch.rows": 16}
    assert [dict(child.attributes) for child in children] == [{}, {}, batch, batch, {}]
    (rest, *_) = spans(protocol="rest", version=None)
    assert not {"rpc.method", "salver.version"} & set(rest.attributes)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.OK, StatusCode.UNSET),
        (Code.INVALID_ARGUMENT, StatusCode.UNSET),
        (Code.INTERNAL, StatusCode.ERROR),
        (Code.DEADLINE_EXCEEDED, StatusCode.ERROR),
    ],
)
def test_a_span_failed_where_the_server_did(code, status):
    assert spans(code=code)[0].status.status_code is status


def test_a_trace_may_begin_here_and_a_request_end_early():
    (root,) = spans(trace=RequestTrace(None, ROOT, RUN, ""), phases=())

    assert root.parent is None


def test_requests_are_sent_and_the_last_ones_at_the_end():
    sender = InMemorySpanExporter()
    exporter = OtlpExporter(sender, RESOURCE, pytest.fail)

    assert all(exporter.export(journal_entry(request_id=str(number))) for number in range(600))
    exporter.close()

    ids = [
        span.attributes["salver.request_id"]
        for span in sender.get_finished_spans()
        if span.name != "run" and span.parent is not None and "salver.request_id" in (span.attributes or {})
    ]
    assert ids == [str(number) for number in range(600)]


class Blocked:
    """A collector that answers once it may."""

    def __init__(self, result):
        self.result, self.may_answer, self.was_asked = result, threading.Event(), threading.Event()

    def export(self, spans):
        del spans
        self.was_asked.set()
        self.may_answer.wait(30)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def shutdown(self):
        self.may_answer.set()


@pytest.mark.parametrize("result", [SpanExportResult.FAILURE, OSError("broken")])
def test_a_collector_that_is_behind_costs_traces_and_nobody_waits(result):
    sender, dropped = Blocked(result), []
    exporter = OtlpExporter(sender, RESOURCE, dropped.append, max_waiting=3, max_sent=1)

    assert exporter.export(journal_entry())
    assert sender.was_asked.wait(30)
    assert [exporter.export(journal_entry()) for _ in range(4)] == [True, True, True, False]
    sender.may_answer.set()
    exporter.close()

    assert sum(dropped) == 4


def test_the_environment_says_who_and_where(monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ranker")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")

    exporter = otlp_exporter("http://collector:4318/", "1.2.3", pytest.fail)
    exporter.close()

    assert dict(exporter.resource.attributes) == {
        "service.name": "ranker",
        "service.version": "1.2.3",
        "deployment.environment": "test",
    }
