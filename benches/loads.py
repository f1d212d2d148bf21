"""Load on a server process by h2load and wrk, with what it cost the server."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.support import wire


class Process(Protocol):
    """The server under load."""

    def cpu_s(self) -> float:
        """User and system time so far."""


@dataclass(frozen=True)
class Shape:
    """How many requests are in flight, and over how many connections."""

    connections: int
    streams: int = 1

    def __str__(self) -> str:
        in_flight = self.connections * self.streams
        return str(in_flight) if in_flight == 1 else f"{in_flight} ({self.connections}x{self.streams})"


GRPC_SHAPES = (Shape(1), Shape(4, 2), Shape(8, 8), Shape(64))
REST_SHAPES = (Shape(1), Shape(8), Shape(64))


@dataclass(frozen=True)
class Sample:
    """One run of a load generator."""

    requests: int
    requests_per_s: float
    cpu_us: float
    """Processor time of the server per request."""
    p50_us: float
    p99_us: float


@dataclass(frozen=True)
class Summary:
    """Several runs of the same load."""

    cpu_us: float
    """The least: what disturbs a run on a shared machine only adds."""
    median_cpu_us: float
    requests_per_s: float
    """The most."""
    p50_us: float
    """The median, as the next."""
    p99_us: float


def summary(samples: Sequence[Sample]) -> Summary:
    """Best processor time and rate, median latencies."""
    return Summary(
        cpu_us=min(sample.cpu_us for sample in samples),
        median_cpu_us=statistics.median(sample.cpu_us for sample in samples),
        requests_per_s=max(sample.requests_per_s for sample in samples),
        p50_us=statistics.median(sample.p50_us for sample in samples),
        p99_us=statistics.median(sample.p99_us for sample in samples),
    )


class LoadError(RuntimeError):
    """A run in which not every request succeeded: its figures mean nothing."""


def grpc_load(server: Process, address: str, request: bytes, reply_bytes: int, shape: Shape, seconds: float) -> Sample:
    """Predict calls by h2load.

    h2load looks at the HTTP status alone, which is 200 for a failed call too. A failed call has no message though, so
    the bytes of DATA that came show that every one succeeded: `reply_bytes` for each, frame prefix included.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder) / "body", Path(folder) / "log"
        body.write_bytes(wire.grpc_frame(request))
        command = [
            "h2load",
            f"-c{shape.connections}",
            f"-m{shape.streams}",
            f"-D{round(seconds * 1000)}ms",
            f"-d{body}",
        ]
        command += [f"--log-file={log}", "-Hcontent-type: application/grpc", "-Hte: trailers"]
        before = server.cpu_s()
        said = run([*command, f"http://{address}{wire.PREDICT}"])
        cpu_s = server.cpu_s() - before
        calls = [tuple(map(int, line.split("\t"))) for line in log.read_text().splitlines()]
    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", said)
    data = re.search(r"\((\d+)\) data", said)
    if counts is None or data is None:
        raise LoadError(f"h2load said:\n{said}")
    done = int(counts[2])
    failed = sum(map(int, counts.groups()[2:]))
    in_flight = shape.connections * shape.streams
    if done == 0 or failed or not done <= int(data[1]) / reply_bytes <= done + in_flight:
        raise LoadError(f"not every call succeeded ({data[1]} bytes, expected {reply_bytes} for each):\n{said}")
    took_us = sorted(took for _, _, took in calls)
    rate = steady_rate([started + took for started, _, took in calls])
    return Sample(done, rate, cpu_s / done * 1e6, quantile(took_us, 0.5), quantile(took_us, 0.99))


def steady_rate(ends_us: Sequence[int]) -> float:
    """Answers a second, from the first answers to the last.

    Without the time until the first and the calls cut off at the end: where answers come by the batch, a few times a
    second, those would be a good part of a short run. Answers within 2 ms of the first count as one batch with it.
    """
    first, last = min(ends_us), max(ends_us)
    later = sum(end > first + 2000 for end in ends_us)
    if not later:
        raise LoadError(f"too short a run for a rate: all {len(ends_us)} answers came within 2 ms")
    return later / (last - first) * 1e6


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of the values lies."""
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * part))])


def rest_load(server: Process, url: str, body: bytes, shape: Shape, seconds: float) -> Sample:
    """POST requests by wrk."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        text = body.decode().replace("\\", "\\\\").replace('"', '\\"')
        script.write_text(f'wrk.method = "POST"\nwrk.body = "{text}"\n')
        command = ["wrk", "-t1", f"-c{shape.connections}", f"-d{max(1, round(seconds))}s", "--latency", f"-s{script}"]
        before = server.cpu_s()
        said = run([*command, url])
        cpu_s = server.cpu_s() - before
    done = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if done is None or rate is None or "Non-2xx" in said or "Socket errors" in said:
        raise LoadError(f"wrk said:\n{said}")
    requests = int(done[1])
    return Sample(requests, float(rate[1]), cpu_s / requests * 1e6, latency_us(said, "50%"), latency_us(said, "99%"))


def latency_us(said: str, part: str) -> float:
    """One line of wrk's latency distribution in microseconds."""
    found = re.search(rf"{part}\s+([\d.]+)(us|ms|s)", said)
    if found is None:
        raise LoadError(f"wrk said:\n{said}")
    return float(found[1]) * {"us": 1.0, "ms": 1e3, "s": 1e6}[found[2]]


def run(command: Sequence[str]) -> str:
    """Run a load generator and return what it said."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if ended.returncode != 0:
        raise LoadError(f"{command[0]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return ended.stdout
