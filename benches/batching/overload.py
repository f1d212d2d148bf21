"""More than the server can do: how many answers still come within the clients' deadline."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import astuple
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
    *("server", "load", "offered/s", "goodput/s", "to load 1", "p50 ms", "p99 ms"),
    *("refused/s", "after ms", "late/s", "expired/s"),
)
Tallies = Mapping[tuple[str, float], Sequence[Tally]]


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
        alone_s = load(servers[OFF], transformer.NAME, Shape(1), seconds).p50_us / 1e6
        capacities = {
            name: load(server, transformer.NAME, BUSY, 2 * seconds).requests_per_s for name, server in servers.items()
        }
        deadline_s = DEADLINE_ROWS * alone_s
        tallies = measure(servers, capacities, deadline_s, rounds=rounds, seconds=2 * seconds)
    add_table(report, tallies, capacities, deadline_s, 2 * seconds)


def measure(
    servers: Mapping[str, ServerProcess],
    capacities: Mapping[str, float],
    deadline_s: float,
    *,
    rounds: int,
    seconds: float,
) -> Tallies:
    """Every load on every server in turn; each round has arrivals of its own, the same for all servers' loads."""
    tallies: dict[tuple[str, float], list[Tally]] = {(name, factor): [] for name in servers for factor in FACTORS}
    until_s = SETTLE_S + seconds
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for (name, factor), runs in tallies.items():
            arrivals = poisson_arrivals(factor * capacities[name], until_s, seed=number)
            fates = open_loop(servers[name].grpc_port, transformer.request(), arrivals, deadline_s)
            runs.append(tally(fates, deadline_s, since_s=SETTLE_S, until_s=until_s))
    return tallies


def add_table(
    report: Report, tallies: Tallies, capacities: Mapping[str, float], deadline_s: float, seconds: float
) -> None:
    """The table and its target."""
    middle = {
        key: Tally(*map(statistics.median, zip(*map(astuple, runs), strict=True))) for key, runs in tallies.items()
    }
    rows = []
    for (name, factor), got in middle.items():
        ratio = got.goodput_per_s / middle[name, 1.0].goodput_per_s if middle[name, 1.0].goodput_per_s else 0.0
        served_ms = (f"{got.p50_s * 1e3:.0f}", f"{got.p99_s * 1e3:.0f}")
        refused = (f"{got.refused_per_s:.0f}", f"{got.refused_p50_s * 1e3:.0f}" if got.refused_per_s else "")
        lost = (f"{got.late_per_s:.0f}", f"{got.expired_per_s:.0f}")
        figures = (f"{got.offered_per_s:.0f}", f"{got.goodput_per_s:.0f}", f"{ratio:.2f}", *served_ms, *refused, *lost)
        rows.append((name, f"{factor:g}", *figures))
    shown = ", ".join(f"{name} {rate:.0f} rows/s" for name, rate in capacities.items())
    note = (
        f"One-row requests at Poisson arrivals, open loop, deadline {deadline_s * 1e3:.0f} ms ({DEADLINE_ROWS} times "
        f"one row alone). Load 1 is the server's own rate with {BUSY} in flight: {shown}. Median of "
        f"{len(next(iter(tallies.values())))} rounds of {seconds:g} s, {SETTLE_S:g} s into the load. Goodput: answers "
        "within the deadline; refused: errors within it; late and expired: answers and errors after it."
    )
    report.add("Overload", HEADER, rows, note)
    at_capacity, over = (middle[ADAPTIVE, factor].goodput_per_s for factor in (1.0, 2.0))
    ratio = over / at_capacity if at_capacity else 0.0
    wanted = "at least 0.90 of the goodput at capacity"
    report.target(f"goodput at twice the capacity, {ADAPTIVE}", wanted, f"{ratio:.2f}", is_reached=ratio >= 0.9)
