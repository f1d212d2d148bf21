"""`python -m benches [batching] [SECTION ...]`: run the benchmarks, print one table and keep it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benches import client, in_process, loadgen, serving, startup, swap
from benches.batching import cost, curves, model, overload
from benches.table import RESULTS, Report, command_line
from benches.tools import require_tools

Bench = Callable[[Report, Path, argparse.Namespace], None]

SECTIONS: dict[str, Bench] = {
    "serving": lambda report, folder, given: serving.bench(report, folder, rounds=given.rounds, seconds=given.seconds),
    "image": lambda report, folder, given: serving.image_json(report, folder, rounds=given.rounds),
    "startup": lambda report, folder, given: startup.bench(report, folder, rounds=given.rounds),
    "in_process": lambda report, _, given: in_process.bench(report, rounds=given.rounds, seconds=given.seconds / 2),
    "client": lambda report, folder, given: client.bench(report, folder, rounds=given.rounds),
    "loadgen": lambda report, folder, given: loadgen.bench(report, folder, rounds=given.rounds, seconds=given.seconds),
    "swap": lambda report, folder, given: swap.bench(report, folder, num_swaps=given.swaps),
}

BATCHING: dict[str, Bench] = {
    "curves": lambda report, _, __: curves.bench(report),
    "model": lambda report, folder, given: model.bench(report, folder, rounds=given.rounds, seconds=given.seconds),
    "overload": lambda report, folder, given: overload.bench(
        report, folder, rounds=given.rounds, seconds=given.seconds
    ),
    "cost": lambda report, folder, given: cost.bench(
        report, folder, rounds=given.rounds, seconds=given.seconds, num_models=given.models
    ),
}
"""The sections after the word `batching`."""

WITHOUT_TOOLS = {"in_process", "client", "loadgen", "swap", "curves"}
"""Sections that need no load generator of the distribution's."""


def main() -> int:
    """Run the sections asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benches", description="Benchmarks, by default all sections of the first list."
    )
    known = f"{', '.join(SECTIONS)}; or batching, alone or before {', '.join(BATCHING)}"
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=known)
    parser.add_argument("--rounds", type=int, default=3, help="how often each load is repeated, in turn")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each load lasts")
    parser.add_argument("--swaps", type=int, default=1000, help="how many version swaps")
    parser.add_argument("--models", type=int, default=5000, help="how many idle models, for batching cost")
    parser.add_argument("--keep", type=Path, help="file for the table; default benches/results/local/DATE.md")
    given = parser.parse_args()
    is_batching = given.sections[:1] == ["batching"]
    sections = BATCHING if is_batching else SECTIONS
    if given.models < 2:
        parser.error(f"--models: expected at least 2, got {given.models}")
    names = given.sections[is_batching:] or list(sections)
    unknown = sorted(set(names) - set(sections))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {known}")
    if not set(names) <= WITHOUT_TOOLS:
        require_tools()
    report = Report(command_line(sys.argv[1:]))
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            sections[name](report, Path(folder), given)
    file = given.keep or RESULTS / "local" / f"{time.strftime('%Y-%m-%d-%H%M')}.md"
    report.keep(file)
    print(f"\n{report.text()}\nKept as {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
