import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.client.retry_hint import hint_of_headers, hint_of_metadata, hint_of_status
from tests.support import wire


def status(*details):
    return wire.number(1, 14) + wire.chunk(2, b"full") + b"".join(wire.chunk(3, detail) for detail in details)


def detail(name, *numbers):
    delay = b"".join(wire.number(tag, value) for tag, value in numbers)
    return wire.chunk(1, f"type.googleapis.com/google.rpc.{name}".encode()) + wire.chunk(2, wire.chunk(1, delay))


@pytest.mark.parametrize(
    ("metadata", "hint"),
    [
        (None, None),
        ([], None),
        ([("grpc-retry-pushback-ms", "1500")], 1.5),
        ([("grpc-retry-pushback-ms", "-1")], math.inf),
        ([("grpc-retry-pushback-ms", "soon")], math.inf),
        ([("grpc-status-details-bin", status(detail("RetryInfo", (1, 2), (2, 500_000_000))))], 2.5),
        ([("grpc-status-details-bin", status(detail("Help"), detail("RetryInfo", (1, 2))))], 2.0),
        ([("grpc-status-details-bin", status(detail("RetryInfo")))], 0.0),
        ([("grpc-status-details-bin", status(detail("RetryInfo", (1, -2))))], 0.0),
        ([("grpc-status-details-bin", status())], None),
        ([("grpc-status-details-bin", b"\xff")], None),
        ([("grpc-status-details-bin", status(detail("RetryInfo", (1, 9)))), ("grpc-retry-pushback-ms", "10")], 0.01),
    ],
)
def test_hints_of_grpc(metadata, hint):
    assert hint_of_metadata(metadata) == hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [("3", 3.0), ("0", 0.0), ("", None), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("-1", None), ("²", None)],
)
def test_hints_of_http(text, hint):
    assert hint_of_headers({"retry-after": text}) == hint
    assert hint_of_headers({}) is None


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_no_reason_to_fail(data):
    hint_of_status(data)
