"""Flags, files and the container's entry point, on real server processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, MODELS, ROOT, ModelEntry, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]

FLAGS = json.loads((ROOT / "tests" / "data" / "reference_flags.json").read_text())
STOPS = {"version", "ssl_config_file", "use_alts_credentials"}
"""Flags that end the program, or ask for certificates."""
ADAPTER = "type.googleapis.com/tensorflow.serving.SavedModelBundleSourceAdapterConfig"


def answers(server: ServerProcess, model: str = "half_plus_two") -> bool:
    return is_half_plus_two(1.0, 5.0)(server.call(wire.PREDICT, half_plus_two_request(1.0, 5.0, model=model)))


def platform_file(folder: Path, name: str, legacy: str) -> Path:
    file = folder / "platforms.pbtxt"
    file.write_text(
        f'platform_configs {{ key: "{name}" value {{ source_adapter_config {{ [{ADAPTER}] {{ '
        f"legacy_config {{ {legacy} }} }} }} }} }}"
    )
    return file


def other_values(folder: Path) -> dict[str, str]:
    """A value other than the default for flags of which not any number or switch will do."""
    files = {
        "tensorflow_session_config_file": "allow_soft_placement: true",
        "batching_parameters_file": "max_batch_size { value: 8 }",
        "monitoring_config_file": "prometheus_config { enable: true }",
        "thread_pool_factory_config_file": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return {
        **{name: str(folder / name) for name in files},
        "platform_config_file": str(platform_file(folder, "tensorflow", "")),
        "grpc_socket_path": str(folder / "grpc.socket"),
        "grpc_channel_arguments": "grpc.max_concurrent_streams=50",
        "model_name": "ignored",
        "model_base_path": "/ignored",
        "saved_model_tags": "serve",
        "mixed_precision": "bfloat16",
        "per_process_gpu_memory_fraction": "0.5",
        "tensorflow_session_parallelism": "0",
    }


def test_server_starts_with_every_flag_of_the_reference(start_server: StartServer, tmp_path: Path) -> None:
    given = {name for name in FLAGS if name not in {*STOPS, "port", "rest_api_port", "model_config_file"}}
    values = other_values(tmp_path)
    arguments = []
    for name in sorted(given):
        kind, default = FLAGS[name]
        usual = str(not default).lower() if kind == "bool" else "2"
        arguments.append(f"--{name}={values.get(name, usual)}")
    server = start_server(*arguments, models={"half_plus_two": HALF_PLUS_TWO})
    assert answers(server)
    lines = [line for line in server.output().splitlines() if "flags without effect" in line]
    assert len(lines) == 1
    assert "--model_name (--model_config_file says what to serve)" in lines[0]


def test_models_choose_a_platform_of_the_file(start_server: StartServer, tmp_path: Path) -> None:
    file = platform_file(tmp_path, "mine", "session_config { inter_op_parallelism_threads: 2 }")
    models = {
        "half_plus_two": ModelEntry(HALF_PLUS_TWO, platform="mine"),
        "other": ModelEntry(MODELS / "image", platform="mine"),
    }
    assert answers(start_server(f"--platform_config_file={file}", models=models))


def test_session_options_of_the_file_reach_tensorflow(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "session.pbtxt"
    file.write_text("log_device_placement: true")
    server = start_server(
        f"--tensorflow_session_config_file={file}",
        models={"half_plus_two": HALF_PLUS_TWO},
        environment={"TF_CPP_MIN_LOG_LEVEL": "0"},
    )
    assert answers(server)
    assert "/job:localhost/replica:0/task:0/device:CPU:0" in server.output()


def test_version_brings_its_own_batching_parameters(start_server: StartServer, tmp_path: Path) -> None:
    for name, text in {"good": "max_batch_size { value: 4 }", "wrong": "max_batch_size { value: 0 }"}.items():
        shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / name / "1")
        (tmp_path / name / "1" / "batching_params.pbtxt").write_text(text)
    flags = ("--enable_batching", "--enable_per_model_batching_parameters", "--max_num_load_retries=0")
    models = {"good": tmp_path / "good", "wrong": tmp_path / "wrong", "without": HALF_PLUS_TWO}
    server = start_server(*flags, models=models)
    assert answers(server, "good")
    assert answers(server, "without")
    (status,) = server.get("/v1/models/wrong").json()["model_version_status"]
    assert status["state"] == "END"
    assert status["status"]["error_code"] == "INVALID_ARGUMENT"
    assert "max_batch_size must be 1 or more" in status["status"]["error_message"]


def test_rewritten_model_config_file_is_applied(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--model_config_file_poll_wait_seconds=1", models={"a": HALF_PLUS_TWO})
    file = tmp_path / "models.config"
    text = file.read_text()
    file.write_text("model_config_list {")
    wait_until(lambda: "Failed to read" in server.output() or "Error parsing" in server.output(), 30, "the mistake")
    file.write_text(text.replace('"a"', '"b"'))
    wait_until(lambda: server.get("/v1/models/b").status == 200, 30, "model b")
    wait_until(lambda: b"AVAILABLE" in server.get("/v1/models/b").body, 30, "model b to serve")
    assert answers(server, "b")
    file.write_text("")
    wait_until(lambda: "Cannot transition to requested config" in server.output(), 30, "the refusal")
    assert answers(server, "b")


def test_entry_point_of_the_container_serves_and_stops(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "tensorflow_model_server"
    program.parent.mkdir()
    code = "import sys; from salver.cli import tensorflow_model_server; sys.exit(tensorflow_model_server())"
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{code}' \"$@\"\n")
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "MODEL_NAME": "half_plus_two",
        "MODEL_BASE_PATH": str(MODELS),
    }
    entry_point = str(ROOT / "deploy" / "entrypoint.sh")
    with ServerProcess((), tmp_path / "server.log", program=(entry_point,), environment=environment) as server:
        assert answers(server)
        assert "Exporting HTTP/REST API" in server.output()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
