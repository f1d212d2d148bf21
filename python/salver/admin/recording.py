"""What a recording of live requests is asked for with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordRequest:
    """How much to record; it ends with whichever limit is met first."""

    max_records: int = 100
    max_bytes: int = 64 << 20
    timeout_s: float = 60.0
    sampling_rate: float = 1.0
    """The part of the requests that is taken, above 0 and at most 1."""
