"""The one table: rows of figures, and for each target of the project whether this run reached it."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.models import ROOT

RESULTS = ROOT / "benches" / "results"


def command_line(arguments: Sequence[str]) -> str:
    """The command as it is kept: paths from the root of the repository, and of those outside it the names alone."""
    return " ".join(["python -m benches", *map(_without_places, arguments)])


def _without_places(argument: str) -> str:
    flag, equals, value = argument.rpartition("=")
    if "/" not in value:
        return argument
    path = Path(value).resolve()
    return f"{flag}{equals}{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}"


class Neighbours:
    """How much of the processors others have used since this was made; children count once they have ended."""

    def __init__(self) -> None:
        self._before = self._times()

    @staticmethod
    def _times() -> tuple[float, float, float]:
        """Seconds of all processors since the machine started: all, busy, and busy for this process."""
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
        ticks = [int(value) / os.sysconf("SC_CLK_TCK") for value in fields[:8]]  # guests are in user and nice already
        idle = ticks[3] + ticks[4]
        used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(ticks), sum(ticks) - idle, sum(usage.ru_utime + usage.ru_stime for usage in used)

    def __str__(self) -> str:
        every, busy, own = (now - then for now, then in zip(self._times(), self._before, strict=True))
        share = max(0.0, (busy - own) / every) if every else 0.0
        return f"Other processes took {share:.0%} of the processors during the run."


@dataclass
class Report:
    """What a run of the benchmarks has to tell."""

    command: str
    sections: list[str] = field(default_factory=list)
    targets: list[tuple[str, str, str, bool]] = field(default_factory=list)
    """Name, wanted, measured, reached."""
    neighbours: Neighbours = field(default_factory=Neighbours)

    def add(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
        """Add a section and print it."""
        self.add_text(title, markdown(header, rows) + (f"\n{note}\n" if note else ""))

    def add_text(self, title: str, body: str) -> None:
        """Add a section that is written already and print it."""
        text = f"## {title}\n\n{body}"
        self.sections.append(text)
        print(f"\n{text}", flush=True)

    def target(self, name: str, wanted: str, measured: str, *, is_reached: bool) -> None:
        """Note a target and what came of it."""
        self.targets.append((name, wanted, measured, is_reached))

    def text(self) -> str:
        """The whole report."""
        rows = [(name, wanted, got, "reached" if ok else "**not reached**") for name, wanted, got, ok in self.targets]
        targets = f"## Targets\n\n{markdown(('target', 'wanted', 'measured', ''), rows)}" if rows else ""
        head = f"# Benchmarks of {time.strftime('%Y-%m-%d')}\n\n`{self.command}`\n\n{machine()} {self.neighbours}\n"
        return "\n".join([head, *([targets] if rows else []), *self.sections])

    def keep(self, file: Path) -> None:
        """Write the report to a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.text())


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that is readable as it stands: every column as wide as its widest cell."""
    widths = [max(len(str(row[at])) for row in [header, *rows]) for at in range(len(header))]
    lines = [header, ["-" * width for width in widths], *rows]
    return "".join(
        "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)) + " |\n"
        for line in lines
    )


def machine() -> str:
    """Processor, kernel, versions and commit."""
    processors = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = processors[0].split(":", 1)[1].strip() if processors else platform.machine()
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 2**20
    load = Path("/proc/loadavg").read_text().split()[0]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}, Python {platform.python_version()}, "
        f"commit {commit}, load average at the start {load}. The load generator shares these cores."
    )
