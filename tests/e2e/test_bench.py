"""`salver bench` on real servers: what it measures, the knee it finds, and what it says where it cannot measure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salver.wire.tfrecord import write_record
from tests.support.certificates import Authority, ssl_config
from tests.support.models import HALF_PLUS_TWO, ROOT, config_file, half_plus_two_request
from tests.support.prediction_logs import predict_record
from tests.support.server_process import ServerProcess, free_ports, wait_until
from tests.support.slow_model import SlowLog

pytestmark = pytest.mark.timeout(180)
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]
MODEL = "half_plus_two"
SHORT = ("--duration=0.5", "--warmup=0.1")


def command(*arguments: object) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "COLUMNS": "160"}
    return {"args": [sys.executable, "-m", "salver", "bench", *map(str, arguments)], "env": environment, "text": True}


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**command(*arguments), capture_output=True, timeout=150, check=False)


def kept(folder: Path, *arguments: object) -> dict[str, Any]:
    """What a run keeps in its file."""
    file = folder / "kept.json"
    done = bench(*arguments, f"--output={file}")
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())


def refusal(*arguments: object) -> str:
    done = bench(*arguments, *SHORT)
    assert done.returncode == 1, done.stdout
    return done.stderr.removeprefix("Error: ").strip()


def rest_address(server: ServerProcess) -> str:
    return f"http://127.0.0.1:{server.rest_port}"


# --- What is measured


def test_a_closed_loop_over_grpc(server, tmp_path):
    before = server.cpu_s()
    found = kept(tmp_path, MODEL, f"--address={server.grpc_address}", "--rows=4", "--concurrency=16", *SHORT)
    result = found["result"]
    assert result["num_answered"] > 100
    assert (result["num_failed"], result["failure"]) == (0, None)
    assert result["num_rows"] == 4 * result["num_answered"]
    times = [result["latency"][name] for name in ("p50", "p90", "p99", "p999", "max")]
    assert times == sorted(times)
    assert times[0] > 0
    assert found["load"]["bodies"] == "made up: x [4]"
    assert server.cpu_s() > before


def test_an_open_loop_over_rest(server, tmp_path):
    found = kept(tmp_path, MODEL, f"--address={rest_address(server)}", "--rate=200", *SHORT)
    assert found["result"]["num_failed"] == 0
    assert found["result"]["num_answered"] == pytest.approx(100, abs=40)  # at random times: a deviation of ten


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_requests_from_a_file(server, tmp_path, protocol):
    body = tmp_path / "body.json"
    body.write_text(json.dumps([{"instances": [1.0]}, {"inputs": {"x": [1.0, 2.0, 3.0]}}]))
    address = server.grpc_address if protocol == "grpc" else rest_address(server)
    found = kept(tmp_path, MODEL, f"--address={address}", f"--body={body}", "--requests=10", "--warmup=0")
    assert (found["result"]["num_answered"], found["result"]["num_rows"]) == (10, 5 * 1 + 5 * 3)


def test_recorded_requests(server, tmp_path):
    records = tmp_path / "requests"
    with records.open("wb") as stream:
        write_record(stream, predict_record(half_plus_two_request(1.0, 2.0, model="another")))
    arguments = (f"--body={records}", "--requests=5", "--warmup=0")
    found = kept(tmp_path, MODEL, f"--address={server.grpc_address}", *arguments)
    assert (found["result"]["num_answered"], found["result"]["num_rows"]) == (5, 10)


def test_two_servers_in_turn(server):
    address = f"--address={server.grpc_address}"
    done = bench(MODEL, address, f"--compare={server.grpc_address}", "--rounds=2", "--duration=0.2", "--warmup=0.1")
    assert done.returncode == 0, done.stderr
    assert f"{server.grpc_address} over {server.grpc_address}" in done.stdout


@pytest.mark.parametrize(("num_runners", "capacity"), [(2, 100), (5, 250)])
def test_the_knee_of_a_server_whose_capacity_is_known(slow: StartSlow, tmp_path, num_runners, capacity):
    server, _ = slow(f"--num_runners={num_runners}", run_s=0.02)
    found = kept(tmp_path, "slow", f"--address={server.grpc_address}", "--find-knee", "--duration=0.5", "--warmup=0.1")
    assert found["knee"]["best"]["load"] == pytest.approx(capacity, rel=0.15), found["knee"]["reason"]


# --- TLS


def test_tls_is_spoken_and_a_mismatch_is_told(tmp_path):
    authority, stranger = Authority(tmp_path / "authority"), Authority(tmp_path / "stranger", "stranger")
    config = ssl_config(tmp_path / "ssl.config", authority.sign("server"), client_ca=authority.certificate)
    client = authority.sign("client")
    models = f"--model_config_file={config_file(tmp_path, {MODEL: HALF_PLUS_TWO})}"
    with ServerProcess((models, f"--ssl_config_file={config}"), tmp_path / "server.log") as server:
        address = f"--address=localhost:{server.grpc_port}"
        shown = (f"--cert={client.certificate}", f"--key={client.key}")
        good = kept(tmp_path, MODEL, address, f"--cacert={authority.certificate}", *shown, *SHORT)
        assert good["result"]["num_answered"] > 0
        assert good["server"]["is_tls"]
        assert "meant to be asked without --tls?" in refusal(MODEL, address)
        assert "does not agree on TLS: invalid peer certificate" in refusal(
            MODEL, address, f"--cacert={stranger.certificate}", *shown
        )
        assert "localhost" in refusal(MODEL, address, f"--cacert={authority.certificate}")


# --- What cannot be measured


def test_what_stands_in_the_way_is_told_in_a_line(server):
    (port,) = free_ports(1)
    nobody = f"nothing listens at 127.0.0.1:{port} (connection refused)"
    assert refusal(MODEL, f"--address=127.0.0.1:{port}") == nobody
    address = f"--address={server.grpc_address}"
    assert refusal("nope", address).endswith("Servable not found for request: Latest(nope)")
    assert refusal(MODEL, address, "--signature=odd").startswith(f"{MODEL}: there is no signature odd; the model has ")
    assert "is it the REST port" in refusal(MODEL, f"--address=http://{server.grpc_address}")
    assert "it seems to speak plain text" in refusal(MODEL, address, "--tls")
    assert "status 404" in refusal("nope", f"--address={rest_address(server)}")


def test_a_server_that_dies_under_load_ends_it(slow: StartSlow):
    server, log = slow(run_s=0.01)
    arguments = ("slow", f"--address={server.grpc_address}", "--duration=120", "--warmup=0")
    with subprocess.Popen(**command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        wait_until(lambda: len(log.values()) > 50, 60, "the load")
        server.kill()
        said, error = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "requests/s" in said
    assert (
        error.strip() == f"Error: the server went away: nothing listens at {server.grpc_address} (connection refused)"
    )


def test_control_c_ends_a_load(slow: StartSlow):
    server, log = slow(run_s=0.01)
    arguments = ("slow", f"--address={server.grpc_address}", "--duration=120", "--warmup=0")
    with subprocess.Popen(**command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        wait_until(lambda: len(log.values()) > 50, 60, "the load")
        running.send_signal(signal.SIGINT)
        _, error = running.communicate(timeout=30)
    assert (running.returncode, error.strip()) == (1, "Aborted!")
