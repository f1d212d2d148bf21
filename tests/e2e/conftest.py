"""Servers and models for end-to-end tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.models import HALF_PLUS_TWO, MODELS, PYTHON_MODELS, ROOT, ModelEntry, config_file, reference_model
from tests.support.server_process import ServerProcess
from tests.support.slow_model import SlowLog

StartServer = Callable[..., ServerProcess]
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers with flags and models; each is ready when this returns and is stopped after the test."""
    with ExitStack() as stack:
        started: list[ServerProcess] = []

        def start(*flags: str, models: Mapping[str, Path | ModelEntry], **options: Any) -> ServerProcess:
            flags = (f"--model_config_file={config_file(tmp_path, models)}", *flags)
            process = ServerProcess(flags, tmp_path / f"server{len(started)}.log", **options)
            started.append(process)
            return stack.enter_context(process)

        yield start


@pytest.fixture
def slow(tmp_path: Path, start_server: StartServer) -> StartSlow:
    """Start a server with the models `slow` (a Python servable) and `half_plus_two`."""

    def start(*flags: str, run_s: float, **options: Any) -> tuple[ServerProcess, SlowLog]:
        log = SlowLog(tmp_path / "slow.log")
        models = {"slow": ModelEntry(PYTHON_MODELS / "slow", platform="python"), "half_plus_two": HALF_PLUS_TWO}
        environment = {"SLOW_S": str(run_s), "SLOW_LOG": str(log.file)}
        return start_server(*flags, models=models, environment=environment, **options), log

    return start


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests that change nothing."""
    folder = tmp_path_factory.mktemp("server")
    models = {name: MODELS / name for name in ("half_plus_two", "echo_all_dtypes", "image", "lookup", "defaults")}
    with ServerProcess((f"--model_config_file={config_file(folder, models)}",), folder / "server.log") as process:
        yield process
        process.assert_alive()


@pytest.fixture(scope="session")
def reference() -> Callable[[str], Path]:
    """Base paths of TensorFlow Serving's own test models; skips where they are not at hand."""

    def find(name: str) -> Path:
        path = reference_model(name)
        if path is None:
            pytest.skip(f"{name} is not at hand: set SALVER_TESTDATA")
        return path

    return find


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """The interpreter of the clients' own environment; skips where `make clients` was not run."""
    python = ROOT / ".venv-clients" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with tensorflow-serving-api: run `make clients`")
    return python
