"""A thousand version swaps under constant load on both protocols: failures, and what becomes of memory."""

from __future__ import annotations

import sys
from pathlib import Path

from benches.table import Report
from tests.support.swap import SETTLED_AFTER, run_swaps

FLAT_BYTES = 16_000_000
"""Growth that counts as flat: what an allocator's pools move by."""


def bench(report: Report, folder: Path, *, num_swaps: int) -> None:
    """Swap and report."""

    def progress(done: int) -> None:
        if done % 100 == 0:
            print(f"{done} of {num_swaps} swaps", file=sys.stderr, flush=True)

    got = run_swaps(folder / "swaps", num_swaps, progress)
    points = sorted(got.resident_bytes)
    settled = min(points, key=lambda at: abs(at - SETTLED_AFTER))
    shown = sorted({*points[:: max(1, len(points) // 10)], settled, points[-1]})
    answers = ", ".join(f"{count:,} {kind}" for kind, count in sorted(got.num_answers.items()))
    report.add(
        f"{num_swaps} version swaps under load",
        ("after swaps", *(str(point) for point in shown)),
        [("resident MB", *(f"{got.resident_bytes[point] / 1e6:.0f}" for point in shown))],
        f"{got.seconds:.0f} s, {answers} answers, {len(got.failures)} failed {got.failures[:3] or ''}",
    )
    report.target("version swaps", "0 failed requests", f"{len(got.failures)} failed", is_reached=not got.failures)
    growth = got.growth_bytes()
    grown = f"{growth / 1e6:+.1f} MB"
    report.target(f"memory after swap {SETTLED_AFTER}", "flat", grown, is_reached=growth < FLAT_BYTES)
