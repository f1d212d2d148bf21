"""When a server says to come back: in gRPC's push-back or in the details of its status, and in HTTP's Retry-After."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from salver.client.wire_reader import MalformedError, fields, signed, spans

_PUSHBACK = "grpc-retry-pushback-ms"
_DETAILS = "grpc-status-details-bin"
_RETRY_INFO = b"/google.rpc.RetryInfo"


def hint_of_metadata(metadata: Iterable[tuple[str, str | bytes]] | None) -> float | None:
    """Seconds, from the trailing metadata of a failed call; infinite where the server wants no other attempt."""
    found = dict(metadata or ())
    pushback = found.get(_PUSHBACK)
    if pushback is not None:
        try:
            milliseconds = int(pushback)
        except ValueError:  # gRPC's proposal A6: what cannot be read means never, like a negative number
            return math.inf
        return milliseconds / 1e3 if milliseconds >= 0 else math.inf
    details = found.get(_DETAILS)
    return hint_of_status(details) if isinstance(details, bytes) else None


def hint_of_status(status: bytes) -> float | None:
    """Seconds, from the `google.rpc.RetryInfo` in a `google.rpc.Status`; None where there is none."""
    try:
        for _, detail in spans(memoryview(status), 3):
            parts = dict(spans(detail, 1, 2))
            if bytes(parts.get(1, b"")).endswith(_RETRY_INFO):
                return _delay_s(parts.get(2, memoryview(b"")))
    except MalformedError:
        pass  # advice that cannot be read is no advice
    return None


def _delay_s(retry_info: memoryview) -> float:
    duration = dict(spans(retry_info, 1)).get(1, memoryview(b""))
    numbers = {number: signed(value) for number, _, value in fields(duration) if isinstance(value, int)}
    return max(0.0, numbers.get(1, 0) + numbers.get(2, 0) / 1e9)


def hint_of_headers(headers: Mapping[str, str]) -> float | None:
    """Seconds, from HTTP headers by lower-case names; a Retry-After that is a date is passed over."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
