"""gRPC and REST predict under load: Salver with and without batching against a plain grpc.aio server."""

from __future__ import annotations

import socket
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from benches.loads import GRPC_SHAPES, REST_SHAPES, Sample, Shape, Summary, grpc_load, rest_load, summary
from benches.table import Report
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, ROOT, half_plus_two_request, is_half_plus_two
from tests.support.server_process import START_LIMIT_S, ServerProcess, status_of, wait_until

BASE = "grpc.aio"
PLAIN = "salver"
BATCHING = "salver --enable_batching"
CLIENTS_PYTHON = ROOT / ".venv-clients" / "bin" / "python"
REQUEST = half_plus_two_request(1.0)
REST_PATH = "/v1/models/half_plus_two:predict"
REST_BODY = b'{"instances": [1.0]}'
Results = Mapping[tuple[str, Shape], Summary]


class BaseServer(ServerProcess):
    """The base: has no REST port, so it is ready when it answers a call."""

    def port_flags(self) -> list[str]:
        """One port."""
        return [f"--port={self.grpc_port}"]

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Wait for the first right answer."""

        def answers() -> bool:
            self.assert_alive()
            # Only an open port is called: a channel that failed to connect waits before it tries again.
            return is_open(self.grpc_port) and status_of(lambda: self.call(wire.PREDICT, REQUEST))[0] == "OK"

        wait_until(answers, limit_s, f"the base; it said:\n{self.output()}")


def is_open(port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_servers(stack: ExitStack, folder: Path) -> dict[str, ServerProcess]:
    """All servers, at once: those that are not under load wait and cost nothing."""
    if not CLIENTS_PYTHON.exists():
        sys.exit("The base of comparison needs tensorflow-serving-api: run `make clients`")
    flags = ["--model_name=half_plus_two", f"--model_base_path={HALF_PLUS_TWO}"]
    program = (str(CLIENTS_PYTHON), str(ROOT / "benches" / "grpc_aio_server.py"), f"--model={HALF_PLUS_TWO / '1'}")
    return {
        BASE: stack.enter_context(BaseServer((), folder / "base.log", program=program)),
        PLAIN: stack.enter_context(ServerProcess(flags, folder / "plain.log")),
        BATCHING: stack.enter_context(ServerProcess([*flags, "--enable_batching"], folder / "batching.log")),
    }


def measure(servers: Mapping[str, ServerProcess], *, rounds: int, seconds: float) -> tuple[Results, Results]:
    """Rounds over all servers and shapes in turn, so that a disturbance meets all of them."""
    grpc: dict[tuple[str, Shape], list[Sample]] = defaultdict(list)
    rest: dict[tuple[str, Shape], list[Sample]] = defaultdict(list)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for shape in GRPC_SHAPES:
            for name, server in servers.items():
                reply = checked_grpc(server)
                grpc[name, shape].append(
                    grpc_load(server, server.grpc_address, REQUEST, len(wire.grpc_frame(reply)), shape, seconds)
                )
        for shape in REST_SHAPES:
            for name in (PLAIN, BATCHING):
                checked_rest(servers[name])
                url = f"http://127.0.0.1:{servers[name].rest_port}{REST_PATH}"
                rest[name, shape].append(rest_load(servers[name], url, REST_BODY, shape, seconds))
    return {key: summary(runs) for key, runs in grpc.items()}, {key: summary(runs) for key, runs in rest.items()}


def checked_grpc(server: ServerProcess) -> bytes:
    """One reply, which must be right; also what the load's replies look like."""
    reply = server.call(wire.PREDICT, REQUEST)
    if not is_half_plus_two(1.0)(reply):
        raise AssertionError(f"a wrong answer before the run: {reply!r}")
    return reply


def checked_rest(server: ServerProcess) -> None:
    """One reply, which must be right."""
    answer = server.post(REST_PATH, REST_BODY).json()
    if answer != {"predictions": [2.5]}:
        raise AssertionError(f"a wrong answer before the run: {answer!r}")


def bench(report: Report, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure and report."""
    with ExitStack() as stack:
        servers = start_servers(stack, folder)
        idle = {name: server.resident_bytes() for name, server in servers.items()}
        warm_up(servers)
        grpc, rest = measure(servers, rounds=rounds, seconds=seconds)
        loaded = {name: server.resident_bytes() for name, server in servers.items()}
    note = (
        f"One-row requests to half_plus_two. CPU microseconds of the server process per request, best (median) of "
        f"{rounds} rounds of {seconds:g} s; most requests a second; median p50 and p99. The base is benches/"
        "grpc_aio_server.py: asyncio's own loop (uvloop gave no gain), the model through a session callable that runs "
        "in the calling thread. Every answer succeeded; the ratio is CPU to the base at the same shape."
    )
    report.add("gRPC Predict", HEADER, list(rows(grpc, GRPC_SHAPES, (BASE, PLAIN, BATCHING))), note)
    report.add("REST predict", HEADER, list(rows(rest, REST_SHAPES, (PLAIN, BATCHING))))
    memory = [(name, f"{idle[name] / 1e6:.0f}", f"{loaded[name] / 1e6:.0f}") for name in servers]
    report.add("Resident memory, MB", ("server", "ready", "after the load"), memory)
    mark_targets(report, grpc)


def warm_up(servers: Mapping[str, ServerProcess]) -> None:
    """Let every server choose its way of running the model before it is measured."""
    for server in servers.values():
        reply = checked_grpc(server)
        grpc_load(server, server.grpc_address, REQUEST, len(wire.grpc_frame(reply)), Shape(8, 8), 1.0)


HEADER = ("in flight", "server", "CPU us", "ratio", "requests/s", "p50 us", "p99 us")


def rows(results: Results, shapes: tuple[Shape, ...], names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The table's rows, by shape and server."""
    out: list[tuple[str, ...]] = []
    for shape in shapes:
        for name in names:
            got = results[name, shape]
            base = results.get((BASE, shape))
            ratio = f"1/{base.cpu_us / got.cpu_us:.1f}" if base else ""
            cpu = f"{got.cpu_us:.1f} ({got.median_cpu_us:.1f})"
            figures = (f"{got.requests_per_s:,.0f}", f"{got.p50_us:,.0f}", f"{got.p99_us:,.0f}")
            out.append((str(shape), name, cpu, ratio, *figures))
    return out


def mark_targets(report: Report, grpc: Results) -> None:
    """The targets for gRPC."""
    for shape in (Shape(8, 8), Shape(64)):
        for name, wanted in ((PLAIN, 6), (BATCHING, 10)):
            ratio = grpc[BASE, shape].cpu_us / grpc[name, shape].cpu_us
            report.target(
                f"gRPC CPU per request, {shape} in flight, {name}",
                f"at most 1/{wanted} of {BASE}",
                f"1/{ratio:.1f}",
                is_reached=ratio >= wanted,
            )
    alone = grpc[PLAIN, Shape(1)].p50_us / grpc[BASE, Shape(1)].p50_us
    report.target("gRPC p50 at 1 in flight", f"at most 1/2 of {BASE}", f"1/{1 / alone:.1f}", is_reached=alone <= 0.5)


def image_json(report: Report, folder: Path, *, rounds: int) -> None:
    """A large JSON body: Salver's whole request against only the conversions in Python."""
    import json
    import time

    pixels = np.random.default_rng(3).random((1, 224, 224, 3), np.float32)
    body = json.dumps({"instances": pixels.tolist()}).encode()

    def in_python() -> None:
        array = np.asarray(json.loads(body)["instances"], np.float32)
        json.dumps({"predictions": array.tolist()})

    flags = ["--model_name=image", f"--model_base_path={HALF_PLUS_TWO.parent / 'image'}"]
    ours: list[float] = []
    python: list[float] = []
    with ServerProcess(flags, folder / "image.log") as server:
        answer = server.post("/v1/models/image:predict", body).json()
        if not np.array_equal(np.asarray(answer["predictions"], np.float32), pixels):
            raise AssertionError("the image came back changed")
        for _ in range(rounds):
            ours.append(cpu_of(server.cpu_s, lambda: server.post("/v1/models/image:predict", body), 20))
            python.append(cpu_of(time.process_time, in_python, 5))
        resident = server.resident_bytes()
    ratio = min(python) / min(ours)
    report.add(
        "REST predict of float32 [1,224,224,3], CPU ms per request",
        ("what", "CPU ms"),
        [
            ("json.loads + numpy.asarray + json.dumps", f"{min(python) * 1e3:.1f}"),
            (f"salver, the whole request ({len(body) / 1e6:.1f} MB in, as much out)", f"{min(ours) * 1e3:.1f}"),
        ],
        f"Best of {rounds} rounds. Resident memory of the server afterwards: {resident / 1e6:.0f} MB.",
    )
    report.target("REST image, CPU against json in Python", "1/5 or less", f"1/{ratio:.1f}", is_reached=ratio >= 5)


def cpu_of(clock: Callable[[], float], work: Callable[[], object], times: int) -> float:
    """Processor seconds of one piece of work by this clock."""
    before = clock()
    for _ in range(times):
        work()
    return (clock() - before) / times
