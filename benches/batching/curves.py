"""Latency curves of simulated models: the scheduler against hand-tuned settings, measured in Rust."""

from __future__ import annotations

import subprocess
import sys

from benches.table import Report
from tests.support.models import ROOT

COMMAND = ("cargo", "bench", "--quiet", "--locked", "-p", "salver-core", "--bench", "batching_curves")


def bench(report: Report) -> None:
    """Build and run the Rust benchmark; its table is shown as it comes."""
    ended = subprocess.run(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(COMMAND)} ended with {ended.returncode}")
    report.add_text("Latency curves", f"`{' '.join(COMMAND)}`\n\n{ended.stdout.strip()}")
