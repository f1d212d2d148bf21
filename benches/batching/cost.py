"""What the batcher costs: processor time a row on a tiny model, and what thousands of idle models add."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benches.loads import Sample, Shape, Summary, grpc_load, summary
from benches.table import Report
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, ModelEntry, half_plus_two_request
from tests.support.server_process import ServerProcess, served

TINY = "half_plus_two"
OFF = "batching off"
ON = "--enable_batching"
CROWD = "--enable_batching, many idle models"
SHAPES = (Shape(8, 8), Shape(64))
Results = Mapping[tuple[str, Shape], Summary]
READY_LIMIT_S = 600.0
SERVABLE = """
import numpy as np
import salver


def load(directory):
    spec = salver.TensorSpec(np.float32, [None])
    return salver.CallableServable(lambda inputs: {"y": inputs["x"]}, inputs={"x": spec}, outputs={"y": spec})
"""


def bench(report: Report, folder: Path, *, rounds: int, seconds: float, num_models: int) -> None:
    """Measure and report."""
    with ExitStack() as stack:
        servers = start_servers(stack, folder, num_models)
        ready = memory_per_model(servers, num_models)
        for name, server in servers.items():
            for number in range(num_models if name == CROWD else 1):
                server.call(wire.PREDICT, half_plus_two_request(1.0, model=idle_name(number)))
        used = memory_per_model(servers, num_models)
        results = measure(servers, rounds=rounds, seconds=seconds)
    add_cpu(report, results, rounds, seconds, num_models)
    row = (f"{num_models:,}", f"{ready / 1e3:.1f}", f"{used / 1e3:.1f}")
    report.add("Resident memory per idle model, kB", ("models", "loaded", "after one request each"), [row])


def start_servers(stack: ExitStack, folder: Path, num_models: int) -> dict[str, ServerProcess]:
    """All servers: those that are not under load cost nothing.

    They look at the models' directories once only: doing so every second is a cost of the file system source, which
    grows with the number of models, and not of the batcher.
    """
    servers = {}
    for number, name in enumerate((OFF, ON, CROWD)):
        own = folder / f"cost{number}"
        own.mkdir()
        flags = () if name == OFF else (ON,)
        idle = idle_models(own, num_models if name == CROWD else 1)
        models: dict[str, Path | ModelEntry] = {TINY: HALF_PLUS_TWO, **idle}
        server = served(own, *flags, "--file_system_poll_wait_seconds=0", models=models)
        stack.callback(server.__exit__, None, None, None)
        server.start()
        server.wait_ready(READY_LIMIT_S)
        servers[name] = server
    return servers


def idle_name(number: int) -> str:
    """The name of one of the idle models."""
    return f"idle-{number}"


def idle_models(folder: Path, count: int) -> dict[str, ModelEntry]:
    """Python servables that answer y = x: all the memory that they take is Salver's own."""
    script = folder / "servable.py"
    script.write_text(SERVABLE)
    models = {}
    for number in range(count):
        base_path = folder / "idle" / idle_name(number)
        (base_path / "1").mkdir(parents=True)
        os.link(script, base_path / "1" / "servable.py")
        models[idle_name(number)] = ModelEntry(base_path, platform="python")
    return models


def measure(servers: Mapping[str, ServerProcess], *, rounds: int, seconds: float) -> Results:
    """Rounds over all servers and shapes in turn, after one that does not count."""
    samples: dict[tuple[str, Shape], list[Sample]] = defaultdict(list)
    request = half_plus_two_request(1.0)
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        for shape in SHAPES:
            for name, server in servers.items():
                reply_bytes = len(wire.grpc_frame(server.call(wire.PREDICT, request)))
                got = grpc_load(server, server.grpc_address, request, reply_bytes, shape, seconds if number else 1.0)
                if number:
                    samples[name, shape].append(got)
    return {key: summary(runs) for key, runs in samples.items()}


def add_cpu(report: Report, results: Results, rounds: int, seconds: float, num_models: int) -> None:
    """Processor time a request, and its targets."""
    rows = []
    for (name, shape), got in results.items():
        cpu = f"{got.cpu_us:.1f} ({got.median_cpu_us:.1f})"
        ratio = f"{got.cpu_us / results[OFF, shape].cpu_us:.2f}"
        rows.append((str(shape), name, cpu, ratio, f"{got.requests_per_s:,.0f}", f"{got.p50_us:,.0f}"))
    mark_targets(report, results, num_models)
    note = (
        f"One-row requests to half_plus_two over gRPC. CPU microseconds of the server process per request, best "
        f"(median) of {rounds} rounds of {seconds:g} s; the whole way of a request, of which the scheduler is a part. "
        f"Idle models, {num_models:,} or one: Python servables that have answered one request each."
    )
    header = ("in flight", "server", "CPU us", "ratio", "requests/s", "p50 us")
    report.add("Cost of batching", header, rows, note)


def mark_targets(report: Report, results: Results, num_models: int) -> None:
    """What batching adds to a row, and idle models to a request."""
    for shape in SHAPES:
        off, on, crowd = (results[name, shape].cpu_us for name in (OFF, ON, CROWD))
        name = f"CPU that batching adds to a row, {shape} in flight"
        report.target(name, "at most 2 us", f"{on - off:+.1f} us", is_reached=on - off <= 2)
        name = f"CPU per request with {num_models:,} idle models, {shape} in flight"
        report.target(name, "at most 1.05 of one", f"{crowd / on:.2f}", is_reached=crowd / on <= 1.05)


def memory_per_model(servers: Mapping[str, ServerProcess], num_models: int) -> float:
    """Resident bytes for each idle model more."""
    return (servers[CROWD].resident_bytes() - servers[ON].resident_bytes()) / (num_models - 1)
