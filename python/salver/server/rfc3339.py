"""Times as the admin API tells them."""

from __future__ import annotations

import datetime as dt


def rfc3339(time_s: float) -> str:
    """Return a time, in seconds since the epoch, in the form of RFC 3339: UTC, with milliseconds."""
    at = dt.datetime.fromtimestamp(time_s, dt.UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
