"""`salver warmup` on real servers: traffic is recorded, and new versions answer it before they serve."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, ROOT, ModelEntry, half_plus_two_request, is_half_plus_two
from tests.support.prediction_logs import predict_record, write_warmup_data
from tests.support.server_process import ServerProcess, exchange, wait_until

pytestmark = pytest.mark.timeout(180)
LIMIT_S = 90
PICKY = """
import numpy as np
import salver

def load(directory):
    def run(inputs):
        if inputs["x"].max() > 9:
            raise salver.errors.InvalidArgumentError("x is too large")
        return {"y": inputs["x"] / 2 + 2}

    vector = {"x": salver.TensorSpec(np.float32, [None])}
    return salver.CallableServable(run, inputs=vector, outputs={"y": vector["x"]})
"""


def salver(*arguments: str, status: int = 0) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "COLUMNS": "160"}
    command = [sys.executable, "-m", "salver", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def at(server: ServerProcess) -> str:
    return f"--address=127.0.0.1:{server.admin_port}"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "half"
    shutil.copytree(HALF_PLUS_TWO / "1", path / "1")
    return path


@pytest.fixture
def server(base: Path, tmp_path: Path, start_server: Callable[..., ServerProcess]) -> ServerProcess:
    """Serves every version of `half`, whose requests are logged, too, and a model that refuses large numbers."""
    (tmp_path / "traffic").mkdir()
    (tmp_path / "picky" / "1").mkdir(parents=True)
    (tmp_path / "picky" / "1" / "servable.py").write_text(PICKY)
    logging = f"""logging_config {{
        log_collector_config {{ type: "tfrecord" filename_prefix: "{tmp_path}/log/half" }}
        sampling_config {{ sampling_rate: 1.0 }} }}"""
    more = f"model_version_policy {{ all {{}} }} {logging}"
    models = {"half": ModelEntry(base, more=more), "picky": ModelEntry(tmp_path / "picky", platform="python")}
    return start_server(
        f"--warmup_dir={tmp_path / 'traffic'}",
        models=models,
        has_admin_port=True,
    )


def is_available(server: ServerProcess, model: str, version: int) -> Any:
    found = server.get(f"/v1/models/{model}/versions/{version}")
    return found.status == 200 and found.json()["model_version_status"][0]["state"] == "AVAILABLE"


def test_traffic_is_recorded_and_a_new_version_answers_it_before_it_serves(server, base, tmp_path) -> None:
    recorded = tmp_path / "traffic" / "half.tfrecord"
    request = half_plus_two_request(1.0, 2.0, model="half")
    load = Load()
    load.add_grpc(
        server.grpc_address, "/tensorflow.serving.PredictionService/Predict", request, is_half_plus_two(1.0, 2.0)
    )
    with load:
        told = salver("warmup", "record", "half", at(server), "-o", str(recorded), "--max-records=50")
    assert load.failures == []
    assert "50 requests (as many as were wanted)" in told

    lines = salver("warmup", "show", str(recorded), "--json", "--limit=1000").splitlines()
    assert len(lines) == 50
    assert {(line["api"], line["inputs"]) for line in map(json.loads, lines)} == {("predict", "x DT_FLOAT [2]")}

    shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "draft")
    shutil.move(tmp_path / "draft", base / "2")
    wait_until(lambda: is_available(server, "half", 2), LIMIT_S, "version 2 to serve")
    assert f"Starting to read warmup data for model at {base / '2'}" in server.output()
    assert "Number of warmup records read: 50." in server.output()

    report = json.loads(
        salver(
            "warmup",
            "replay",
            str(recorded),
            "half",
            "--version=2",
            "--against=1",
            "--concurrency=4",
            "--json",
            at(server),
        )
    )
    assert {version: (each["num_records"], each["num_failed"]) for version, each in report.items()} == {
        "1": (50, 0),
        "2": (50, 0),
    }
    assert 0 < report["2"]["latency_s"]["p50"] <= report["2"]["latency_s"]["max"]
    # Beside the recording the log has every request, and none of those that were replayed.
    answered = sum(load.answers.values())
    assert logged_requests(server) == answered

    spoilt = base / "3"
    shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "spoilt")
    recorded.write_bytes(recorded.read_bytes()[:-1])
    shutil.move(tmp_path / "spoilt", spoilt)
    wait_until(lambda: "half.tfrecord: record 49" in server.output(), LIMIT_S, "version 3 to fail")
    assert not is_available(server, "half", 3)
    assert is_available(server, "half", 2)


def logged_requests(server: ServerProcess) -> int:
    page = server.get("/monitoring/prometheus/metrics").body.decode()
    lines = [line for line in page.splitlines() if line.startswith(":tensorflow:serving:request_log_count{")]
    return sum(int(line.rpartition(" ")[2]) for line in lines if 'status_code="OK"' in line)


def test_replays_tell_what_fails(server, tmp_path) -> None:
    values = (1.0, 10.0, 2.0)
    file = write_warmup_data(tmp_path, [predict_record(half_plus_two_request(value)) for value in values])
    arguments = ("warmup", "replay", str(file), "picky", "--version=1", at(server))
    assert "version 1 of picky fails record 1" in salver(*arguments, status=1)
    report = server.ask_admin("/v1/models/picky/versions/1:replay", "POST")
    assert report.json()["num_records"] == 0
    assert "half version 1" in salver("warmup", "replay", str(file), "half", "--version=1", at(server))
    made = tmp_path / "made.tfrecord"
    assert "1 request to serving_default" in salver("warmup", "synth", "picky", at(server), "-o", str(made))
    assert "picky version 1" in salver("warmup", "replay", str(made), "picky", "--version=1", at(server))
    missing = salver("warmup", "replay", str(file), "picky", "--version=7", at(server), status=1)
    assert "Specific(picky, 7)" in missing
    assert "did you mean picky" in salver("warmup", "replay", str(file), "pickey", "--version=7", at(server), status=1)


def test_requests_to_record_are_checked_and_end_with_their_time_or_caller(server) -> None:
    def ask(path: str, body: Any) -> Any:
        return exchange(server.admin_port, "POST", path, body)

    empty = ask("/v1/models/half:record", {"timeout_s": 0.1})
    assert (empty.status, empty.body, empty.headers["x-salver-end"]) == (200, b"", "time")
    assert empty.headers["content-type"] == "application/octet-stream"
    for body, message in (
        ({"max_record": 1}, "max_records"),
        ({"max_records": 0}, "max_records"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"timeout_s": "1"}, "timeout_s"),
        ([], "object"),
    ):
        refused = ask("/v1/models/half:record", body)
        assert (refused.status, refused.json()["code"]) == (400, "INVALID_ARGUMENT")
        assert message in refused.json()["error"]
    assert ask("/v1/models/halve:record", {}).status == 404
    # Four at a time; those whose callers have gone make room.
    for _ in range(5):
        with pytest.raises(TimeoutError):
            exchange(server.admin_port, "POST", "/v1/models/half:record", {}, limit_s=0.3)
    wait_until(lambda: ask("/v1/models/half:record", {"timeout_s": 0}).status == 200, LIMIT_S, "room")


def test_recording_that_the_end_of_the_server_ends_is_answered_with_what_it_has(server) -> None:
    answers: list[Any] = []

    def record() -> None:
        answers.append(server.ask_admin("/v1/models/half:record", "POST", {"max_records": 100_000}, limit_s=LIMIT_S))

    def is_begun() -> bool:
        entries = server.ask_admin("/v1/audit").json()["audit"]
        return [entry["outcome"] for entry in entries if entry["request"].endswith(":record")] == ["OK"]

    thread = threading.Thread(target=record)
    thread.start()
    wait_until(is_begun, LIMIT_S, "the recording")
    predicted = server.post("/v1/models/half:predict", {"instances": [1.0]})
    assert predicted.status == 200
    server.signal(signal.SIGTERM)
    thread.join(LIMIT_S)
    (answer,) = answers
    assert (answer.status, answer.headers["x-salver-end"]) == (200, "stop")
    assert (answer.headers["x-salver-records"], answer.body != b"") in {("1", True), ("0", False)}  # it may come late
    assert server.wait() == 0


def test_recording_counts_until_a_slow_reader_has_it(server) -> None:
    numbers = [1.0] * 200_000
    load = Load()
    request = half_plus_two_request(*numbers, model="half")
    load.add_grpc(
        server.grpc_address, "/tensorflow.serving.PredictionService/Predict", request, is_half_plus_two(*numbers)
    )

    def record_most() -> Any:
        return server.ask_admin("/v1/models/half:record", "POST", {"timeout_s": 0, "max_bytes": 256 << 20})

    with socket.socket() as reader:
        reader.settimeout(LIMIT_S)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", server.admin_port))
        body = b'{"max_records": 8}'
        head = f"POST /v1/models/half:record HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        with load:
            reader.sendall(head.encode() + body)
            begun = reader.recv(1, socket.MSG_PEEK)  # its answer comes: it is made
        assert begun == b"H"
        refused = record_most()
        assert (refused.status, refused.json()["code"]) == (429, "RESOURCE_EXHAUSTED")
        assert "being made or sent" in refused.json()["error"]
        answer = http.client.HTTPResponse(reader)
        answer.begin()
        content = answer.read()
        assert (answer.status, answer.getheader("x-salver-records")) == (200, "8")
        assert len(content) == int(answer.headers["content-length"]) > 8 * 2 * 4 * len(numbers)
    wait_until(lambda: record_most().status == 200, LIMIT_S, "room")


def test_files_made_from_signatures_and_by_hand_warm_a_version_up(base, tmp_path, start_server) -> None:
    version = base / "1"
    told = salver("warmup", "synth", str(version), "--rows=1,8,64", "--signature=serving_default")
    assert "3 requests to serving_default" in told
    assert "is there already" in salver("warmup", "synth", str(version), status=1)
    bodies = tmp_path / "bodies.json"
    source = version / "assets.extra" / "tf_serving_warmup_requests"
    salver("warmup", "convert", str(source), str(bodies))
    assert [len(body["inputs"]["x"]) for body in json.loads(bodies.read_text())] == [1, 8, 64]
    salver("warmup", "convert", str(bodies), str(version / "assets.extra" / "warmup.npz"), f"--model={version}")
    bodies.rename(version / "assets.extra" / "warmup.json")
    shown = salver("inspect", str(version))
    for name in (source.name, "warmup.json", "warmup.npz"):
        assert f"{name}, 3 records" in shown
    server = start_server(models={"half": base})
    assert "Number of warmup records read: 9." in server.output()
