"""What may be said of one call beside what it asks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypedDict, get_args

from salver.errors import InvalidArgumentError

Criticality = Literal["critical_plus", "critical", "sheddable_plus", "sheddable"]
"""How much a request matters when a server cannot run all; `critical` is what servers take for granted."""
CRITICALITY_HEADER = "salver-criticality"

_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")
_OF_THE_CONNECTION = {
    *{"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive", "te"},
    *{"trailer", "transfer-encoding", "upgrade", "accept-encoding", "user-agent"},
}


class CallOptions(TypedDict, total=False):
    """Of every call."""

    timeout_s: float | None
    """For all attempts together; None for any time."""
    headers: Mapping[str, str]
    """Metadata in gRPC; added to those of the client."""
    criticality: Criticality


class ModelOptions(CallOptions, total=False):
    """Of calls to a model."""

    version: int
    label: str
    signature: str


def checked_headers(headers: Mapping[str, str], criticality: str | None) -> dict[str, str]:
    """All headers of a call, by names in lower case.

    Raises:
        InvalidArgumentError: A name or a value that no header can have, or one that connections need themselves.
    """
    out = {}
    for name, value in headers.items():
        lower = name.lower()
        if not _NAME.fullmatch(lower) or lower.startswith("grpc-") or lower.endswith("-bin"):
            raise InvalidArgumentError(f"headers: {name!r} cannot be the name of a header here")
        if lower in _OF_THE_CONNECTION:
            raise InvalidArgumentError(f"headers: {name!r} is the client's own affair")
        if not _VALUE.fullmatch(value):
            raise InvalidArgumentError(f"headers: the value of {name!r} must be text of printable ASCII")
        out[lower] = value
    if criticality is not None:
        if criticality not in get_args(Criticality):
            raise InvalidArgumentError(
                f"criticality: expected one of {', '.join(get_args(Criticality))}, got {criticality!r}"
            )
        out[CRITICALITY_HEADER] = criticality
    return out
