"""What a request costs the load generator itself: `salver bench` beside clients in Python, on the same server.

The figure is processor time of the generator for each request, and its inverse, requests for each second of a
processor: a machine that others use, too, changes it little, and it is what a generator takes away from a server beside
it.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from benches.table import Report
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, ROOT, half_plus_two_request
from tests.support.server_process import served

REQUEST = half_plus_two_request(1.0)
NUM_CONNECTIONS = 8
IN_FLIGHT = 8
"""On each connection."""
OPTIONS = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
LEAST_RATIO = 10


@dataclass(frozen=True)
class Cost:
    """One load of one generator."""

    num_requests: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_us(self) -> float:
        """Of the generator, for each request."""
        return self.cpu_s / self.num_requests * 1e6

    @property
    def requests_per_s(self) -> float:
        """By the clock."""
        return self.num_requests / self.wall_s


def cpu_s() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def of_salver_bench(address: str, seconds: float) -> Cost:
    """`salver bench` by what it says itself of its threads, as the clients below are measured without their start."""
    command = [sys.executable, "-m", "salver", "bench", "half_plus_two", f"--address={address}", "--json"]
    command += [f"--concurrency={NUM_CONNECTIONS * IN_FLIGHT}", f"--connections={NUM_CONNECTIONS}", "--warmup=0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(
        [*command, f"--duration={seconds}"], check=True, stdout=subprocess.PIPE, env=environment, timeout=60
    )
    result = json.loads(done.stdout)["result"]
    assert result["num_failed"] == 0
    return Cost(result["num_answered"], result["generator_cpu_s"], result["measured_s"])


def of_threads(address: str, seconds: float) -> Cost:
    """A thread of grpcio's synchronous client for each request in flight, bytes in and bytes out."""
    channels = [grpc.insecure_channel(address, OPTIONS) for _ in range(NUM_CONNECTIONS)]
    calls: list[grpc.UnaryUnaryMultiCallable[bytes, bytes]] = [
        channel.unary_unary(wire.PREDICT) for channel in channels
    ]
    counts = [0] * (NUM_CONNECTIONS * IN_FLIGHT)
    end = time.monotonic() + seconds

    def work(index: int) -> None:
        call = calls[index % NUM_CONNECTIONS]
        while time.monotonic() < end:
            call(REQUEST, timeout=10)
            counts[index] += 1

    before, began = cpu_s(), time.monotonic()
    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cost = Cost(sum(counts), cpu_s() - before, time.monotonic() - began)
    for channel in channels:
        channel.close()
    return cost


async def load_aio(address: str, seconds: float) -> int:
    """A task of grpc.aio for each request in flight, bytes in and bytes out."""
    channels = [grpc.aio.insecure_channel(address, OPTIONS) for _ in range(NUM_CONNECTIONS)]
    calls: list[Callable[..., Any]] = [channel.unary_unary(wire.PREDICT) for channel in channels]
    end = time.monotonic() + seconds

    async def work(index: int) -> int:
        count = 0
        while time.monotonic() < end:
            await calls[index % NUM_CONNECTIONS](REQUEST, timeout=10)
            count += 1
        return count

    counts = await asyncio.gather(*(work(index) for index in range(NUM_CONNECTIONS * IN_FLIGHT)))
    for channel in channels:
        await channel.close()
    return sum(counts)


def of_aio(address: str, seconds: float) -> Cost:
    """See `load_aio`."""
    before, began = cpu_s(), time.monotonic()
    num_requests = asyncio.run(load_aio(address, seconds))
    return Cost(num_requests, cpu_s() - before, time.monotonic() - began)


GENERATORS: dict[str, Callable[[str, float], Cost]] = {
    "salver bench": of_salver_bench,
    "grpcio, threads": of_threads,
    "grpc.aio": of_aio,
}


def bench(report: Report, folder: Path, *, rounds: int, seconds: float) -> None:
    """Let every generator put the same load on a server, in turn."""
    costs: dict[str, list[Cost]] = {name: [] for name in GENERATORS}
    with served(folder, "--enable_batching", models={"half_plus_two": HALF_PLUS_TWO}) as server:
        for _ in range(rounds):
            for name, load in GENERATORS.items():
                costs[name].append(load(server.grpc_address, seconds))
    best = {name: min(cost.cpu_us for cost in found) for name, found in costs.items()}
    rows = [
        (
            name,
            f"{best[name]:.1f} ({statistics.median(cost.cpu_us for cost in found):.1f})",
            f"{1e6 / best[name]:,.0f}",
            f"{best[name] / best['salver bench']:.1f}",
            f"{max(cost.requests_per_s for cost in found):,.0f}",
        )
        for name, found in costs.items()
    ]
    header = ("generator", "CPU us", "requests per CPU-second", "ratio", "requests/s")
    note = (
        f"Predict of half_plus_two, one row, {NUM_CONNECTIONS} connections with {IN_FLIGHT} in flight each, "
        "batching on. CPU microseconds of the generator per request, without the start of its program: "
        f"best (median) of {rounds} rounds of {seconds:g} s. Requests/s depend on who shares the processors."
    )
    report.add("Load generators", header, rows, note)
    ratio = min(best["grpcio, threads"], best["grpc.aio"]) / best["salver bench"]
    name = "CPU of the better Python client over that of salver bench"
    report.target(name, f"at least {LEAST_RATIO}", f"{ratio:.1f}", is_reached=ratio >= LEAST_RATIO)
