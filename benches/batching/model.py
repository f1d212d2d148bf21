"""A model where batching pays: rows a second over gRPC against batching off and against the model called directly."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benches.batching import transformer
from benches.batching.limit import SIZES, THREADS, InProcess, Way
from benches.loads import Sample, Shape, grpc_load
from benches.table import Report
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request
from tests.support.server_process import ServerProcess, served

OFF = "salver, batching off"
ADAPTIVE = "salver --enable_batching"
STATIC = "salver, static parameters"
DIRECT = "in process"
BUSY = Shape(8, 8)
TINY = "half_plus_two"
REQUESTS = {transformer.NAME: transformer.request(), TINY: half_plus_two_request(1.0)}


@dataclass
class Figures:
    """What the rounds gave."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Rows a second with 64 in flight."""
    latencies_ms: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """p50 and p99 with 64 in flight."""
    alone_us: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    """p50 with one in flight, by model and server."""

    def best(self, name: str) -> float:
        """The most rows a second."""
        return max(self.rates[name])

    def alone_ratio(self, model: str) -> float:
        """p50 with batching to p50 without: the middle one of the pairs of loads that ran one after the other."""
        pairs = zip(self.alone_us[model, ADAPTIVE], self.alone_us[model, OFF], strict=True)
        return statistics.median(on / off for on, off in pairs)


def bench(report: Report, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure and report."""
    base_path = transformer.base_path()
    with InProcess(base_path) as direct:
        sweep = direct.sweep(seconds / 2)
        best = max(sweep, key=lambda way: sweep[way])
        with ExitStack() as stack:
            servers = start_servers(stack, folder, base_path, best)
            for server in servers.values():
                warm_up(server, direct)
            figures = measure(servers, lambda: direct.rows_per_s(best, 2 * seconds), rounds=rounds, seconds=seconds)
    add_sweep(report, sweep)
    add_busy(report, figures, best, rounds, seconds)
    add_alone(report, figures)


def start_servers(stack: ExitStack, folder: Path, base_path: Path, best: Way) -> dict[str, ServerProcess]:
    """All servers: those that are not under load cost nothing."""
    parameters = folder / "batching.pbtxt"
    parameters.write_text(static_parameters(best))
    flags = {
        OFF: (),
        ADAPTIVE: ("--enable_batching",),
        STATIC: ("--enable_batching", f"--batching_parameters_file={parameters}"),
    }
    models = {transformer.NAME: base_path, TINY: HALF_PLUS_TWO}
    servers = {}
    for number, (name, given) in enumerate(flags.items()):
        own = folder / f"model{number}"
        own.mkdir()
        servers[name] = stack.enter_context(served(own, *given, models=models))
    return servers


def static_parameters(best: Way) -> str:
    """What a person would set who has seen the sweep and knows of the 64 in flight."""
    rows = min(best.batch_rows, BUSY.connections * BUSY.streams // best.num_threads)
    return (
        f"max_batch_size {{ value: {rows} }} batch_timeout_micros {{ value: 2000 }} "
        f"max_enqueued_batches {{ value: 1000 }} num_batch_threads {{ value: {best.num_threads} }}\n"
    )


def warm_up(server: ServerProcess, direct: InProcess) -> None:
    """Check answers, and let the server learn the model."""
    for row in range(4):
        reply = server.call(wire.PREDICT, transformer.request(row))
        transformer.check(reply, direct.scores(row))
    load(server, transformer.NAME, BUSY, 2.0)


def load(server: ServerProcess, model: str, shape: Shape, seconds: float) -> Sample:
    """One load on one server."""
    request = REQUESTS[model]
    reply_bytes = len(wire.grpc_frame(server.call(wire.PREDICT, request)))
    return grpc_load(server, server.grpc_address, request, reply_bytes, shape, seconds)


def measure(
    servers: Mapping[str, ServerProcess], in_process: Callable[[], float], *, rounds: int, seconds: float
) -> Figures:
    """Rounds over all servers in turn, so that a disturbance meets all of them."""
    figures = Figures()
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for name, server in servers.items():
            got = load(server, transformer.NAME, BUSY, 2 * seconds)
            figures.rates[name].append(got.requests_per_s)
            figures.latencies_ms[name].append((got.p50_us / 1e3, got.p99_us / 1e3))
        figures.rates[DIRECT].append(in_process())
        for model, part in ((transformer.NAME, 1.0), (TINY, 0.5)):
            for name in (OFF, ADAPTIVE, OFF, ADAPTIVE):
                got = load(servers[name], model, Shape(1), part * seconds)
                figures.alone_us[model, name].append(got.p50_us)
    return figures


def add_sweep(report: Report, sweep: Mapping[Way, float]) -> None:
    """Rows a second of the model called directly."""
    header = ("batches at a time", *(f"{size} rows" for size in SIZES))
    rows = [(str(count), *(f"{sweep[Way(size, count)]:,.0f}" for size in SIZES)) for count in THREADS]
    note = "The model called directly, without a server, by threads of one process; whole process for itself."
    report.add("Transformer in process, rows/s", header, rows, note)


def add_busy(report: Report, figures: Figures, best: Way, rounds: int, seconds: float) -> None:
    """The table of 64 in flight, and its targets."""
    rows = []
    for name in (OFF, ADAPTIVE, STATIC, DIRECT):
        rates, latencies = figures.rates[name], figures.latencies_ms.get(name)
        shown = [f"{statistics.median(part):,.0f}" for part in zip(*latencies, strict=True)] if latencies else ["", ""]
        ratios = [f"{figures.best(name) / figures.best(base):.2f}" for base in (OFF, DIRECT)]
        rows.append((name, f"{max(rates):,.0f} ({statistics.median(rates):,.0f})", *ratios, *shown))
    header = ("what", "rows/s", "to batching off", "to in process", "p50 ms", "p99 ms")
    note = (
        f"One-row requests over gRPC, {BUSY} in flight; best (median) of {rounds} rounds of {2 * seconds:g} s, median "
        f"p50 and p99. In process: {best}, the best of the sweep. Static parameters: {static_parameters(best).strip()}"
    )
    report.add("Transformer, rows/s with 64 in flight", header, rows, note)
    for base, wanted in ((OFF, 3.0), (DIRECT, 0.95)):
        ratio = figures.best(ADAPTIVE) / figures.best(base)
        report.target(
            f"rows/s of {ADAPTIVE} to {base}", f"at least {wanted:g}", f"{ratio:.2f}", is_reached=ratio >= wanted
        )


def add_alone(report: Report, figures: Figures) -> None:
    """The table of one in flight, and its targets."""
    rows = []
    for model in REQUESTS:
        ratio = figures.alone_ratio(model)
        medians = [statistics.median(figures.alone_us[model, name]) for name in (OFF, ADAPTIVE)]
        rows.append((model, *(f"{median:,.0f}" for median in medians), f"{ratio:.3f}"))
        report.target(
            f"p50 of {model} at 1 in flight, {ADAPTIVE}",
            "at most 1.05 of batching off",
            f"{ratio:.3f}",
            is_reached=ratio <= 1.05,
        )
    note = f"Medians of {len(figures.alone_us[TINY, OFF])} loads each, in turn; the ratio is the median of neighbours'."
    report.add("One in flight, p50 us", ("model", "off", "on", "ratio"), rows, note)
