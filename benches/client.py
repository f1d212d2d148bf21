"""`salver.client` beside tensorflow-serving-api: import, CPU of a call, bytes of a request, what is installed."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Self

from benches.clients.cases import CASES
from benches.serving import CLIENTS_PYTHON
from benches.table import Report
from tests.support.models import MODELS, ROOT
from tests.support.server_process import served

_IMPORTS = {
    "import tensorflow_serving.apis.predict_pb2": (str(CLIENTS_PYTHON), "import tensorflow_serving.apis.predict_pb2"),
    "import salver.client": (sys.executable, "import salver.client"),
    "the same and a gRPC client": (sys.executable, "from salver.client import Client; Client('localhost:1')"),
    "the same and a REST client": (sys.executable, "from salver.client import Client; Client('http://localhost:1')"),
}
_PARTS = ("client", "wire", "errors.py", "__init__.py")
"""Of this package, what the client needs."""


def bench(report: Report, folder: Path, *, rounds: int) -> None:
    """Measure and report."""
    imports(report, rounds)
    calls(report, folder, rounds)
    sizes(report)


def imports(report: Report, rounds: int) -> None:
    """CPU seconds of an interpreter that imports and ends; all in turn."""
    found: dict[str, list[float]] = {title: [] for title in _IMPORTS}
    for _ in range(rounds):
        for title, (python, code) in _IMPORTS.items():
            found[title].append(cpu_of((python, "-c", code)))
    base = statistics.median(found[next(iter(found))])
    rows = [
        (title, f"{min(taken):.2f}", f"{statistics.median(taken):.2f}", f"{statistics.median(taken) / base:.3f}")
        for title, taken in found.items()
    ]
    report.add("Import", ("what", "best CPU s", "median CPU s", "ratio"), rows, f"{rounds} rounds, in turn.")
    ratio = statistics.median(found["the same and a gRPC client"]) / base
    report.target("import and a gRPC client", "under 0.3 of predict_pb2", f"{ratio:.3f}", is_reached=ratio < 0.3)


def cpu_of(command: tuple[str, ...]) -> float:
    """User and system seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=environment(), stderr=subprocess.DEVNULL, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment() -> dict[str, str]:
    """For clients: this tree's packages, and quiet."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "python"), str(ROOT)]), "TF_CPP_MIN_LOG_LEVEL": "3"}


def calls(report: Report, folder: Path, rounds: int) -> None:
    """CPU of a call, in the process of the client alone."""
    models = {name: MODELS / name for name in ("half_plus_two", "image", "echo_all_dtypes")}
    with served(folder, models=models) as server, ExitStack() as stack:
        theirs = stack.enter_context(Session(str(CLIENTS_PYTHON), "tensorflow_calls", server.grpc_address))
        ours = stack.enter_context(Session(sys.executable, "salver_calls", server.grpc_address))
        for _ in range(rounds):
            for name, case in CASES.items():
                theirs.run(name, case.count)
                ours.run(name, case.count)
    rows = []
    for name, case in CASES.items():
        ratio = ours.cpu_us(name) / theirs.cpu_us(name)
        cpu = (f"{theirs.cpu_us(name):,.0f}", f"{ours.cpu_us(name):,.0f}", f"{ratio:.2f}")
        rows.append((case.title, *cpu, f"{theirs.sent[name]:,}", f"{ours.sent[name]:,}"))
        if name == "image":
            report.target("CPU of a round trip of an image", "at most 0.5", f"{ratio:.2f}", is_reached=ratio <= 0.5)
    header = ("there and back", "tensorflow-serving-api us", "salver.client us", "ratio", "its request", "ours")
    note = f"Medians of {rounds} rounds, in turn; CPU of the client's process, gRPC's threads included. Sizes in bytes."
    report.add("CPU of a Predict call", header, rows, note)


class Session:
    """A client process that makes calls when it is told to."""

    def __init__(self, python: str, module: str, address: str) -> None:
        self.sent: dict[str, int] = {}
        """Bytes of a request, by case."""
        self._taken: dict[str, list[float]] = {}
        self._process = subprocess.Popen(
            [python, "-m", f"benches.clients.{module}", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, case: str, count: int) -> None:
        """Make calls and note what they took."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{case} {count}\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        self._taken.setdefault(case, []).append(said["cpu_us"])
        self.sent[case] = said["request_bytes"]

    def cpu_us(self, case: str) -> float:
        """Median CPU of a call."""
        return statistics.median(self._taken[case])


def sizes(report: Report) -> None:
    """What pip has to install for each, requirements included."""
    package = ROOT / "python" / "salver"
    own = sum(size_of(files_below(package / part)) for part in _PARTS)
    shared = by_name(distributions())
    clients = CLIENTS_PYTHON.parents[1] / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    shared.setdefault("tensorflow", shared["tensorflow-cpu"])  # the smallest of its builds, under the required name
    theirs = shared | by_name(distributions(path=[str(clients)]))
    needed = closure("tensorflow-serving-api", theirs)
    ours = closure("grpcio", shared) | closure("numpy", shared) | closure("protobuf", shared)
    rows = [
        ("tensorflow-serving-api and what it requires", str(len(needed)), mib(total(needed, theirs))),
        ("numpy, protobuf, grpcio", str(len(ours)), mib(total(ours, shared))),
        ("salver, of which pip installs the whole, with its extension", "1", mib(size_of(files_below(package)))),
        ("what salver.client uses of it", "", mib(own)),
    ]
    report.add("Installed", ("what", "packages", "MiB"), rows, "Files as installed, without bytecode.")


def by_name(found: Iterable[Distribution]) -> dict[str, Distribution]:
    """Packages by their names in the form that requirements are compared in."""
    return {re.sub(r"[-_.]+", "-", one.metadata["Name"]).lower(): one for one in found}


def closure(name: str, known: dict[str, Distribution]) -> set[str]:
    """A package and all that it requires here, extras left out."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in found or one not in known:
            continue
        found.add(one)
        for line in known[one].requires or ():
            if "extra ==" not in line:
                required = "".join(
                    character if character.isalnum() or character in "-_." else " " for character in line
                )
                waiting.append(required.split()[0].lower().replace("_", "-").replace(".", "-"))
    return found


def total(names: Iterable[str], known: dict[str, Distribution]) -> int:
    """Bytes of packages."""
    chosen = [known[name] for name in names]
    return sum(size_of(Path(str(one.locate_file(file))) for file in one.files or ()) for one in chosen)


def files_below(path: Path) -> Iterable[Path]:
    """A file, or all in a folder."""
    return path.rglob("*") if path.is_dir() else (path,)


def size_of(files: Iterable[Path]) -> int:
    """Bytes of those files that are there, bytecode left out."""
    return sum(file.stat().st_size for file in files if file.is_file() and file.suffix != ".pyc")


def mib(size: int) -> str:
    """Bytes in MiB."""
    return f"{size / 2**20:,.1f}"
