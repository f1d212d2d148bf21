"""Version swaps under constant load: no request fails and memory does not grow.

`$SALVER_SWAPS` sets how many; `python -m benches swap` does a thousand.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.swap import run_swaps

NUM_SWAPS = int(os.environ.get("SALVER_SWAPS", "60"))
MAX_GROWTH_BYTES = 24_000_000


@pytest.mark.timeout(120 + 2 * NUM_SWAPS)
def test_swaps_under_load_lose_no_request_and_no_memory(tmp_path: Path) -> None:
    report = run_swaps(tmp_path, NUM_SWAPS)

    assert report.failures == []
    assert min(report.num_answers.values()) >= NUM_SWAPS
    assert report.growth_bytes() < MAX_GROWTH_BYTES, report.resident_bytes
