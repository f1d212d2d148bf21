"""What one model does is no other model's delay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, PYTHON_MODELS, ModelEntry, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until
from tests.support.slow_model import SlowLog, slow_request

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]
RUN_S = 20.0
"""Longer than everything that must happen meanwhile; nobody waits for its end."""
FLAGS = ("--file_system_poll_wait_seconds=1", "--num_load_threads=2", "--num_unload_threads=2")


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    path = tmp_path / "half_plus_two"
    shutil.copytree(HALF_PLUS_TWO, path)
    return path


@pytest.fixture
def log(tmp_path: Path) -> SlowLog:
    return SlowLog(tmp_path / "slow.log")


@pytest.fixture
def server(start_server: StartServer, base_path: Path, log: SlowLog) -> Iterator[ServerProcess]:
    """A server in which the model `slow` is busy with a request."""
    server = start_server(
        *FLAGS,
        models={"slow": ModelEntry(PYTHON_MODELS / "slow", platform="python"), "half_plus_two": base_path},
        environment={"SLOW_S": str(RUN_S), "SLOW_LOG": str(log.file)},
    )
    yield server
    server.kill()  # rather than wait for the slow request


def keep_busy(server: ServerProcess, log: SlowLog) -> object:
    """Start a slow request; it goes on for as long as what this returns is kept."""
    call = server.channel.unary_unary(wire.PREDICT).future(slow_request(7.0), timeout=60)
    log.wait_for_start(7.0)
    return call


def test_a_slow_request_delays_no_other_models_load_or_unload(
    server: ServerProcess, log: SlowLog, base_path: Path
) -> None:
    busy = keep_busy(server, log)

    shutil.copytree(HALF_PLUS_TWO / "1", base_path / "incoming")
    (base_path / "incoming").rename(base_path / "2")

    def states() -> dict[str, str]:
        reply = server.get("/v1/models/half_plus_two").json()["model_version_status"]
        return {one["version"]: one["state"] for one in reply}

    wait_until(lambda: states() == {"2": "AVAILABLE", "1": "END"}, RUN_S / 2, f"the swap; {states()}")
    assert log.events("end") == [], "the slow request ended first: this run proves nothing"
    del busy


def test_a_slow_python_model_does_not_block_another_models_predictions(server: ServerProcess, log: SlowLog) -> None:
    busy = keep_busy(server, log)
    load = Load()
    load.add_grpc(server.grpc_address, wire.PREDICT, half_plus_two_request(1.0), is_half_plus_two(1.0))
    load.add_rest(
        server.rest_port, "/v1/models/half_plus_two:predict", b'{"instances": [1.0]}', lambda answer: b"2.5" in answer
    )

    with load:
        load.wait_for(200, RUN_S / 2)

    load.assert_no_failures()
    assert log.events("end") == [], "the slow request ended first: this run proves nothing"
    del busy


def test_one_models_queue_does_not_starve_another_python_model(
    start_server: StartServer, tmp_path: Path, log: SlowLog
) -> None:
    """One runner, many requests waiting for one model: the other model's request has its turn after at most one."""
    other = tmp_path / "other"
    shutil.copytree(PYTHON_MODELS / "slow", other)
    server = start_server(
        "--num_runners=1",
        models={
            "slow": ModelEntry(PYTHON_MODELS / "slow", platform="python"),
            "other": ModelEntry(other, platform="python"),
        },
        environment={"SLOW_S": "0.2", "SLOW_LOG": str(log.file)},
    )
    call = server.channel.unary_unary(wire.PREDICT)
    assert call(slow_request(-1.0), timeout=60)  # connected: calls go out in order from here on
    flood = [call.future(slow_request(float(number)), timeout=60) for number in range(20)]
    log.wait_for_start(0.0)

    request = wire.predict_request(wire.Spec("other"), {"x": wire.float_tensor([100.0], [1])})
    assert call(request, timeout=60)

    order = log.values()
    assert order.index(100.0) <= 8, f"the other model's turn came after {order.index(100.0)} runs: {order}"
    for waiting in flood:
        assert waiting.result(60)
