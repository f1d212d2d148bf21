"""Many version swaps of a small model under constant load on both protocols."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from salver.sources.settling import SettlingOptions
from tests.support import wire
from tests.support.load import Load
from tests.support.models import MODELS, ROOT, half_plus_two_request
from tests.support.server_process import ServerProcess, wait_until

PROGRAM = ROOT / "tests" / "e2e" / "programs" / "eager_server.py"
OLD_AFTER_S = SettlingOptions().old_after_s + 0.5
"""Age from which a version is loaded as soon as it is seen; what is younger is watched for a while first."""
SETTLED_AFTER = 50
"""Swaps after which memory should not grow any more: pools, caches and logs are filled."""


@dataclass
class SwapReport:
    """What a run of swaps has seen."""

    num_swaps: int = 0
    seconds: float = 0.0
    num_answers: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    resident_bytes: dict[int, int] = field(default_factory=dict)
    """Resident memory of the server after this many swaps."""

    def growth_bytes(self) -> int:
        """How much resident memory has grown from `SETTLED_AFTER` swaps to the end."""
        points = sorted(self.resident_bytes)
        first = next((point for point in points if point >= SETTLED_AFTER), points[0])
        return self.resident_bytes[points[-1]] - self.resident_bytes[first]


def run_swaps(folder: Path, num_swaps: int, on_swap: Callable[[int], None] = lambda _: None) -> SwapReport:
    """Start a server on an empty base path in `folder` and swap versions of one model that many times.

    Each swap renames the next version into place, whose answers differ from those of the one before, waits until it
    serves, and takes the old one away.
    """
    base_path, ready = folder / "swap", folder / "ready"
    base_path.mkdir(parents=True)
    for version in range(1, num_swaps + 2):
        shutil.copytree(MODELS / "swap" / str(1 + version % 2), ready / str(version))
    made_s = time.monotonic()
    (ready / "1").rename(base_path / "1")
    program = (sys.executable, str(PROGRAM))
    report = SwapReport(num_swaps)
    with ServerProcess((f"--base_path={base_path}",), folder / "server.log", program=program) as server:
        load = load_on(server)
        time.sleep(max(0.0, made_s + OLD_AFTER_S - time.monotonic()))
        started = time.monotonic()
        with load:
            for version in range(2, num_swaps + 2):
                swap(server, ready, base_path, version)
                load.wait_for(1)
                done = version - 1
                if done % 10 == 0 or done == num_swaps:
                    report.resident_bytes[done] = server.resident_bytes()
                on_swap(done)
        report.seconds = time.monotonic() - started
        report.num_answers = dict(load.answers)
        report.failures = load.failures
        server.assert_alive()
    return report


def swap(server: ServerProcess, ready: Path, base_path: Path, version: int) -> None:
    """Put one version in, wait until it serves, take the one before away."""
    (ready / str(version)).rename(base_path / str(version))
    path = f"/v1/models/swap/versions/{version}"
    wait_until(lambda: b'"AVAILABLE"' in server.get(path).body, 30, f"version {version}; {server.output()[-2000:]}")
    shutil.rmtree(base_path / str(version - 1))


def load_on(server: ServerProcess) -> Load:
    """One client on each protocol; 2.5 and 3.5 are the answers of odd and even versions."""
    load = Load()

    def is_right(answer: bytes) -> bool:
        reply = wire.parse_predict_reply(answer)
        assert reply.spec.version is not None
        return bool(reply.outputs["y"].tolist() == [2.5 + reply.spec.version % 2])

    load.add_grpc(server.grpc_address, wire.PREDICT, half_plus_two_request(1.0, model="swap"), is_right)
    return load.add_rest(
        server.rest_port,
        "/v1/models/swap:predict",
        b'{"instances": [1.0]}',
        lambda answer: b"2.5" in answer or b"3.5" in answer,
    )
