"""`salver tune` on real servers: what it measures, what it advises, and that a server takes the advice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, MODELS, ROOT, ModelEntry, half_plus_two_request
from tests.support.prediction_logs import predict_record, write_warmup_data
from tests.support.server_process import ServerProcess, exchange, wait_until
from tests.support.slow_model import SlowLog

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]


REFUSING = """
import numpy as np
import salver
from salver.errors import InvalidArgumentError

def load(directory):
    def run(inputs):
        raise InvalidArgumentError("expected words, got none")

    vector = {"x": salver.TensorSpec(np.float32, [None])}
    return salver.CallableServable(run, inputs=vector, outputs=vector)
"""


def tune(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "COLUMNS": "100"}
    command = [sys.executable, "-m", "salver", "tune", *arguments, f"--address=127.0.0.1:{server.admin_port}"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


def tuned(server: ServerProcess, *arguments: str) -> dict[str, Any]:
    done = tune(server, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def refusal(server: ServerProcess, *arguments: str) -> str:
    done = tune(server, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.removeprefix("Error: ").strip()


def test_its_advice_is_taken_by_the_server(start_server: StartServer, tmp_path: Path) -> None:
    models, file = {"mlp": MODELS / "mlp", "half_plus_two": HALF_PLUS_TWO}, tmp_path / "advice.pbtxt"
    server = start_server("--enable_batching", models=models, has_admin_port=True)

    document = tuned(server, "mlp", "--target-p99-ms=50", "--max-batch-size=32", "--duration=2", f"--output={file}")

    profile, advice = document["profile"], document["advice"]
    assert [point["rows"] for point in profile["points"]] == [1, 2, 4, 8, 16, 32][: len(profile["points"])]
    assert all(0 < point["p50_s"] <= point["p90_s"] and point["samples"] >= 3 for point in profile["points"])
    assert profile["inputs"] == ["x: made up, [rows, 32]"]
    # The curve that is simulated ascends: a size that was lucky counts less.
    assert advice["capacity"] >= max(point["rows"] / point["p50_s"] for point in profile["points"]) * 0.5
    assert len(advice["comparisons"]) == 3
    assert max(found["requests_per_s"] for found in advice["sustainable"]) > 0
    assert file.read_text() == document["batching_parameters_file"]

    again = start_server("--enable_batching", f"--batching_parameters_file={file}", models=models, has_admin_port=True)
    policies = {report["model"]: report["policy"] for report in again.ask_admin("/v1/batching").json()["batching"]}
    advised = {name: value for name, value in advice["policy"].items() if name != "batch_timeout_s"}
    assert {name: policies["mlp"][name] for name in advised} == advised
    assert policies["mlp"]["batch_timeout_s"] == pytest.approx(advice["policy"]["batch_timeout_s"])
    assert policies["half_plus_two"]["max_batch_size"] == 1000, "the advice is for one model"


def test_the_table_is_for_people(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO}, has_admin_port=True)

    done = tune(server, "half_plus_two", "--duration=1", "--concurrency=8", "--max-batch-size=8")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("half_plus_two version 1  serving_default\n  input x: made up, [rows]\n")
    assert "  8 clients  " in done.stdout
    assert done.stdout.rstrip().endswith("}")


def test_a_model_in_python_is_measured_with_its_own_time(slow: StartSlow) -> None:
    server, log = slow("--num_runners=2", run_s=0.02, has_admin_port=True)

    profile = tuned(server, "slow", "--max-batch-size=4", "--duration=1", "--rate=50")["profile"]

    assert [point["rows"] for point in profile["points"]] == [1, 2, 4]
    assert all(point["p50_s"] >= 0.02 for point in profile["points"])
    assert profile["num_runners"] == 2
    assert {len(values) for values in log.events("start")} == {1, 2, 4}


def test_one_profile_runs_at_a_time_and_requests_go_on(slow: StartSlow) -> None:
    server, log = slow(run_s=0.5, has_admin_port=True)
    first = threading.Thread(target=tune, args=(server, "slow", "--max-batch-size=1", "--duration=1"))
    first.start()
    wait_until(log.values, 30, "the first run")

    assert refusal(server, "half_plus_two") == "another profile runs on this server; ask again when it is over"
    server.call(wire.PREDICT, half_plus_two_request(1.0))
    assert server.ask_admin("/livez").status == 200

    first.join(60)
    assert tuned(server, "half_plus_two", "--duration=1")["profile"]["points"]


def test_recorded_and_given_inputs_are_used(start_server: StartServer, tmp_path: Path) -> None:
    base = tmp_path / "recorded"
    shutil.copytree(HALF_PLUS_TWO, base)
    (version,) = (path for path in base.iterdir() if path.is_dir())
    write_warmup_data(version, [predict_record(half_plus_two_request(1.0, 2.0))])
    given = tmp_path / "x.npy"
    np.save(given, np.array([1, 2, 3], np.int32))
    server = start_server(models={"recorded": base}, has_admin_port=True)

    recorded = tuned(server, "recorded", "--duration=1", "--max-batch-size=4")
    own = tuned(server, "recorded", "--duration=1", "--max-batch-size=4", f"--input=x={given}")

    assert recorded["profile"]["inputs"] == ["x: from the model's warm-up data"]
    assert own["profile"]["inputs"] == ["x: as given"]


def test_what_is_wrong_is_said(start_server: StartServer, tmp_path: Path) -> None:
    version = tmp_path / "refusing" / "1"
    version.mkdir(parents=True)
    (version / "servable.py").write_text(REFUSING)
    models = {"half_plus_two": HALF_PLUS_TWO, "refusing": ModelEntry(version.parent, platform="python")}
    server = start_server(models=models, has_admin_port=True)
    given = tmp_path / "x.npy"
    np.save(given, np.array(["text"]))

    assert refusal(server, "half_plus_tow") == "There is no model half_plus_tow; did you mean half_plus_two?"
    assert "has no signature other with inputs" in refusal(server, "half_plus_two", "--signature=other")
    assert "input x was given as str" in refusal(server, "half_plus_two", f"--input=x={given}")
    told = refusal(server, "refusing")
    assert told.startswith("signature serving_default of refusing version 1 fails: expected words, got none")
    assert "give inputs that it takes with --input NAME=FILE.npy" in told


def test_a_get_is_told_what_the_path_takes(start_server: StartServer) -> None:
    server = start_server(models={"half_plus_two": HALF_PLUS_TWO}, has_admin_port=True)

    answer = exchange(server.admin_port, "GET", "/v1/batching/half_plus_two:profile")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")
