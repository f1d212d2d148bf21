"""Requests as the data plane tells of them."""

from __future__ import annotations

from typing import Any

from salver.boundary import JournalEntry, PhaseTime, RequestTrace

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT, ROOT, RUN = (f"00-{TRACE_ID}-{digit * 16}-01" for digit in "abc")
TRACE = RequestTrace(PARENT, ROOT, RUN, "vendor=1")
PHASES = (
    PhaseTime("decode", 100_000, 50_000),
    PhaseTime("queue", 150_000, 40_000),
    PhaseTime("batch", 190_000, 10_000),
    PhaseTime("run", 200_000, 1_000_000),
    PhaseTime("encode", 1_200_000, 34_000),
)


def journal_entry(**changes: Any) -> JournalEntry:
    """A traced and logged gRPC Predict that succeeded, but for these fields."""
    fields: dict[str, Any] = {
        "is_logged": True,
        "request_id": "r1",
        "trace": TRACE,
        "model": "m",
        "version": 3,
        "signature": "serving_default",
        "api": "Predict",
        "protocol": "grpc",
        "code": 0,
        "started_ns": 1_700_000_000_000_000_000,
        "duration_ns": 1_234_000,
        "phases": PHASES,
        "num_rows": 2,
        "num_batch_requests": 4,
        "num_batch_rows": 16,
        "num_request_bytes": 60,
        "num_response_bytes": 70,
    }
    return JournalEntry(**{**fields, **changes})
