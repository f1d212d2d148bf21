"""Times as the admin API writes them."""

from __future__ import annotations

import time


def rfc3339(time_s: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC, with milliseconds."""
    milliseconds = round(time_s * 1000)
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000))
    return f"{seconds}.{milliseconds % 1000:03d}Z"
