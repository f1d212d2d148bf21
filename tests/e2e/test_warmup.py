"""Warm-up data in version directories: replayed before a version serves, and a failure where it is wrong."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, PYTHON_MODELS, ModelEntry, config_file, half_plus_two_request
from tests.support.prediction_logs import predict_record, write_warmup_data
from tests.support.server_process import ServerProcess, wait_until
from tests.support.slow_model import SlowLog, slow_request
from tests.support.wire import VersionStatus

START_LIMIT_S = 90


@pytest.fixture
def base(tmp_path: Path) -> Callable[..., Path]:
    """Make a base path with one version of a model and its warm-up data."""

    def make(source: Path, *records: bytes, name: str = "model", version: int = 1) -> Path:
        target = tmp_path / name / str(version)
        shutil.copytree(source / "1", target)
        write_warmup_data(target, records)
        return tmp_path / name

    return make


def states(server: ServerProcess, model: str) -> dict[int, VersionStatus]:
    answer = server.call(wire.GET_MODEL_STATUS, wire.status_request(wire.Spec(model)))
    return {status.version: status for status in wire.parse_status_reply(answer)}


def warmup_requests(count: int) -> list[bytes]:
    return [predict_record(half_plus_two_request(float(number))) for number in range(count)]


def test_a_saved_model_is_warmed_up_and_serves(base, start_server) -> None:
    path = base(HALF_PLUS_TWO, *warmup_requests(20))
    server = start_server("--num_request_iterations_for_warmup=3", models={"m": path})
    assert server.post("/v1/models/m:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}
    assert f"Starting to read warmup data for model at {path / '1'}" in server.output()
    assert "Number of warmup records read: 20." in server.output()
    page = server.get("/monitoring/prometheus/metrics").body.decode()
    labels = f'{{model_path="{path / "1"}",status="OK"}}'
    assert f":tensorflow:serving:model_warmup_records_read{labels} 20\n" in page
    assert f":tensorflow:serving:model_warmup_latency_count{labels} 1\n" in page


def test_a_version_that_cannot_be_warmed_up_leaves_the_old_one_serving(base, start_server) -> None:
    path = base(HALF_PLUS_TWO)
    server = start_server("--max_num_load_retries=0", models={"m": path})
    wrong = wire.predict_request(wire.Spec("m"), {"z": wire.float_tensor([1.0], [1])})
    draft = base(HALF_PLUS_TWO, *warmup_requests(1), predict_record(wrong), name="draft", version=2)
    shutil.move(draft / "2", path / "2")
    failed = wait_until(
        lambda: (status := states(server, "m").get(2)) and status.state == "END" and status,
        START_LIMIT_S,
        "version 2 to fail",
    )
    assert failed.code == 3
    assert "record 1: " in failed.message
    assert str(path) not in failed.message
    assert server.post("/v1/models/m:predict", {"instances": [2.0]}).json() == {"predictions": [3.0]}


def test_damaged_data_is_mended_by_the_next_attempt(base, start_server) -> None:
    path = base(HALF_PLUS_TWO)
    server = start_server("--load_retry_interval_micros=100000", models={"m": path})
    version = base(HALF_PLUS_TWO, *warmup_requests(2), name="draft", version=2) / "2"
    file = version / "assets.extra" / "tf_serving_warmup_requests"
    whole = file.read_bytes()
    file.write_bytes(whole[:-3])
    shutil.move(version, path / "2")
    wait_until(lambda: "TFRecord format" in server.output(), START_LIMIT_S, "version 2 to fail")
    (path / "2" / "assets.extra" / file.name).write_bytes(whole)
    wait_until(lambda: states(server, "m")[2].state == "AVAILABLE", START_LIMIT_S, "version 2 to serve")


def test_without_warmup_the_data_is_not_looked_at(base, start_server) -> None:
    path = base(HALF_PLUS_TWO, b"\xff not a log")
    server = start_server("--enable_model_warmup=false", models={"m": path})
    assert states(server, "m")[1].state == "AVAILABLE"
    assert "warmup data" not in server.output()


def slow_environment(tmp_path: Path, run_s: float) -> tuple[SlowLog, dict[str, str]]:
    log = SlowLog(tmp_path / "slow.log")
    return log, {"SLOW_S": str(run_s), "SLOW_LOG": str(log.file)}


def test_many_models_in_python_warm_up_at_once_on_one_runner(base, tmp_path, start_server) -> None:
    log, environment = slow_environment(tmp_path, 0.01)
    names = [f"m{number}" for number in range(8)]
    records = [predict_record(slow_request(float(number))) for number in range(5)]
    models = {name: ModelEntry(base(PYTHON_MODELS / "slow", *records, name=name), platform="python") for name in names}
    server = start_server("--num_runners=1", "--num_load_threads=8", models=models, environment=environment)
    assert sorted(log.values()) == sorted([0.0, 1.0, 2.0, 3.0, 4.0] * len(names))
    assert {states(server, name)[1].state for name in names} == {"AVAILABLE"}


def test_a_version_loads_as_long_as_it_warms_up_and_a_stop_ends_that(base, tmp_path) -> None:
    log, environment = slow_environment(tmp_path, 0.3)
    records = [predict_record(slow_request(float(number))) for number in range(900)]
    models = {"slow": ModelEntry(base(PYTHON_MODELS / "slow", *records), platform="python")}
    flags = (f"--model_config_file={config_file(tmp_path, models)}", "--serve_while_loading")
    with ServerProcess(flags, tmp_path / "server.log", environment=environment, ready_path="/livez") as server:
        log.wait_for_start(1.0)
        assert states(server, "slow")[1].state == "LOADING"
        assert server.post("/v1/models/slow:predict", {"instances": [1.0]}).status == 503
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert len(log.values()) < 300
    assert "left behind" not in server.output()
