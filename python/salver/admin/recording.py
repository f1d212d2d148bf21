"""What a recording of live requests is asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from salver.admin.limits import WAIT_S, Limits

MAX_RECORDS = 100_000
MAX_BYTES = 256 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRequest:
    """How much to record; it ends with whichever limit is met first."""

    max_records: Annotated[int, Limits(minimum=1, maximum=MAX_RECORDS)] = 100
    max_bytes: Annotated[int, Limits(minimum=1, maximum=MAX_BYTES)] = 64 << 20
    timeout_s: Annotated[float, WAIT_S] = 60.0
    sampling_rate: Annotated[float, Limits(minimum=1e-6, maximum=1)] = 1.0
    """The part of the requests that is taken."""
