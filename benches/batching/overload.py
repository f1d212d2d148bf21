"""More than the server can do: how many answers still come within the clients' deadline."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import astuple, dataclass, field
from pathlib import Path

from benches.batching import transformer
from benches.batching.limit import InProcess
from benches.batching.model import ADAPTIVE, BUSY, OFF, load, warm_up
from benches.goodput import Tally, poisson_arrivals, tally
from benches.loads import Shape
from benches.open_loop import open_loop
from benches.table import Report
from tests.support.server_process import ServerProcess, served

FACTORS = (0.5, 1.0, 2.0)
"""Offered load in parts of the capacity."""
DEADLINE_ROWS = 10
"""The clients' deadline in times of a row alone."""
SETTLE_S = 1.0
HEADER = (
    *("server", "load", "offered/s", "goodput/s", "to capacity", "to load 1", "p50 ms", "p99 ms"),
    *("refused/s", "after ms", "late/s", "expired/s"),
)


@dataclass
class Results:
    """What the rounds gave."""

    capacities: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Rows a second of each server with 64 in flight."""
    tallies: dict[tuple[str, float], list[Tally]] = field(default_factory=lambda: defaultdict(list))
    """By server and load."""

    def capacity(self, name: str) -> float:
        """The median of the rounds."""
        return statistics.median(self.capacities[name])

    def middle(self, name: str, factor: float) -> Tally:
        """The medians of the rounds, each figure for itself."""
        figures = zip(*map(astuple, self.tallies[name, factor]), strict=True)
        return Tally(*map(statistics.median, figures))

    def to_load_one(self, name: str, factor: float) -> float:
        """Goodput to that at load 1; 0 where there was none."""
        base = self.middle(name, 1.0).goodput_per_s
        return self.middle(name, factor).goodput_per_s / base if base else 0.0


def bench(report: Report, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure and report."""
    base_path = transformer.base_path()
    with ExitStack() as stack, InProcess(base_path) as direct:
        servers = {}
        for number, (name, flags) in enumerate({OFF: (), ADAPTIVE: ("--enable_batching",)}.items()):
            own = folder / f"overload{number}"
            own.mkdir()
            servers[name] = stack.enter_context(served(own, *flags, models={transformer.NAME: base_path}))
            warm_up(servers[name], direct)
        alone_us = min(load(servers[OFF], transformer.NAME, Shape(1), seconds / 2).p50_us for _ in range(4))
        deadline_s = DEADLINE_ROWS * alone_us / 1e6
        results = measure(servers, deadline_s, rounds=rounds, seconds=2 * seconds)
    add_table(report, results, deadline_s, 2 * seconds)


def measure(servers: Mapping[str, ServerProcess], deadline_s: float, *, rounds: int, seconds: float) -> Results:
    """Every load on every server in turn, right after the server's capacity, so that a slow spell meets both."""
    results = Results()
    until_s = SETTLE_S + seconds
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for name, server in servers.items():
            capacity = load(server, transformer.NAME, BUSY, seconds).requests_per_s
            results.capacities[name].append(capacity)
            for factor in FACTORS:
                arrivals = poisson_arrivals(factor * capacity, until_s, seed=number)
                fates = open_loop(server.grpc_port, transformer.request(), arrivals, deadline_s)
                got = tally(fates, deadline_s, since_s=SETTLE_S, until_s=until_s)
                results.tallies[name, factor].append(got)
    return results


def add_table(report: Report, results: Results, deadline_s: float, seconds: float) -> None:
    """The table and its target."""
    rows = []
    for name, factor in results.tallies:
        got = results.middle(name, factor)
        ratios = (f"{got.goodput_per_s / results.capacity(name):.2f}", f"{results.to_load_one(name, factor):.2f}")
        answered = (f"{got.p50_s * 1e3:.0f}", f"{got.p99_s * 1e3:.0f}") if got.goodput_per_s else ("", "")
        refused = (f"{got.refused_per_s:.0f}", f"{got.refused_p50_s * 1e3:.0f}" if got.refused_per_s else "")
        rates = (f"{got.offered_per_s:.0f}", f"{got.goodput_per_s:.0f}")
        lost = (f"{got.late_per_s:.0f}", f"{got.expired_per_s:.0f}")
        rows.append((name, f"{factor:g}", *rates, *ratios, *answered, *refused, *lost))
    shown = ", ".join(f"{name} {results.capacity(name):.0f} rows/s" for name in results.capacities)
    note = (
        f"One-row requests at Poisson arrivals, open loop, deadline {deadline_s * 1e3:.0f} ms ({DEADLINE_ROWS} times "
        f"one row alone). Capacity is the server's own rate with {BUSY} in flight: {shown}. Medians of "
        f"{len(results.capacities[ADAPTIVE])} rounds of {seconds:g} s, {SETTLE_S:g} s into the load. Goodput: answers "
        "within the deadline; refused: errors within it; late and expired: answers and errors after it."
    )
    report.add("Overload", HEADER, rows, note)
    ratio = results.to_load_one(ADAPTIVE, 2.0)
    wanted = "at least 0.90 of the goodput at capacity"
    report.target(f"goodput at twice the capacity, {ADAPTIVE}", wanted, f"{ratio:.2f}", is_reached=ratio >= 0.9)
