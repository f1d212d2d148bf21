"""Request logs of a real server, read by TensorFlow and used as warm-up data."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from salver import wire as messages
from salver.wire.tfrecord import read_records
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, MODELS, PYTHON_MODELS, ModelEntry, config_file, half_plus_two_request
from tests.support.server_process import ServerProcess, status_of, wait_until

SCRIPTS = Path(__file__).parent / "clients"
LIMIT_S = 60
FILE_NAME = re.compile(r"log-\d{8}-\d{6}-\d+-\d+\.tfrecord")


def logging_config(prefix: Path, rate: float = 1.0, more: str = "") -> str:
    return (
        f'logging_config {{ log_collector_config {{ type: "tfrecord" filename_prefix: "{prefix}" }} '
        f"sampling_config {{ sampling_rate: {rate} {more} }} }}"
    )


def logged(base_path: Path, prefix: Path, rate: float = 1.0, more: str = "") -> ModelEntry:
    return ModelEntry(base_path, logging_config(prefix, rate, more))


def ask(server: ServerProcess, count: int, model: str = "m") -> None:
    """Send so many requests with x = 0, 1, ...: every other one by REST."""
    for number in range(count):
        if number % 2:
            reply = server.post(f"/v1/models/{model}:predict", {"instances": [float(number)]})
            assert reply.json() == {"predictions": [number / 2 + 2]}
        else:
            server.call(wire.PREDICT, half_plus_two_request(float(number), model=model))


def records(file: Path) -> list[bytes]:
    with file.open("rb") as stream:
        return list(read_records(stream))


def stop(server: ServerProcess) -> None:
    server.signal(signal.SIGTERM)
    assert server.wait() == 0


@pytest.fixture
def log_of_twenty(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> Path:
    """The one file that a server leaves which was asked 20 times."""
    folder = tmp_path / "logs"
    server = start_server(models={"m": logged(HALF_PLUS_TWO, folder / "log")})
    ask(server, 20)
    stop(server)
    (file,) = folder.iterdir()
    return file


def test_a_log_warms_up_the_next_version_as_it_is(
    log_of_twenty: Path, tmp_path: Path, start_server: Callable[..., ServerProcess]
) -> None:
    base = tmp_path / "m"
    shutil.copytree(HALF_PLUS_TWO / "1", base / "1")
    server = start_server(models={"m": base})
    draft = tmp_path / "draft"
    shutil.copytree(HALF_PLUS_TWO / "1", draft)
    (draft / "assets.extra").mkdir()
    shutil.copy(log_of_twenty, draft / "assets.extra" / "tf_serving_warmup_requests")
    shutil.move(draft, base / "2")
    request = half_plus_two_request(2.0, model="m", version=2)
    wait_until(lambda: status_of(lambda: server.call(wire.PREDICT, request))[0] == "OK", LIMIT_S, "version 2")
    assert "Number of warmup records read: 20." in server.output()


def test_tensorflow_reads_a_log(log_of_twenty: Path, clients_python: Path) -> None:
    assert FILE_NAME.fullmatch(log_of_twenty.name)
    command = [str(clients_python), str(SCRIPTS / "read_request_log.py"), str(log_of_twenty)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout
    head = {"kind": "predict_log", "model": "m", "version": 1, "rate": 1.0, "tags": ["serve"]}
    expected = [{**head, "x": [float(number)], "y": [number / 2 + 2]} for number in range(20)]
    assert [json.loads(line) for line in output.splitlines()] == expected


def test_files_are_rotated_by_size(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> None:
    models = {"m": logged(HALF_PLUS_TWO, tmp_path / "logs" / "log")}
    server = start_server("--request_log_max_file_bytes=500", models=models)
    ask(server, 20)
    stop(server)
    files = list((tmp_path / "logs").iterdir())
    assert all(FILE_NAME.fullmatch(file.name) for file in files)
    assert len(files) > 2
    assert sum(len(records(file)) for file in files) == 20


def test_files_are_rotated_by_age(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> None:
    folder = tmp_path / "logs"
    server = start_server("--request_log_max_file_seconds=0.5", models={"m": logged(HALF_PLUS_TWO, folder / "log")})
    ask(server, 1)
    (file,) = wait_until(lambda: list(folder.glob("log-*.tfrecord")), LIMIT_S, "a finished file")
    assert len(records(file)) == 1


def test_the_rate_for_this_task_counts(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> None:
    rates = 'per_task_sampling_configs { dc: "a" task_index: 3 sampling_rate: 1.0 }'
    models = {"m": logged(HALF_PLUS_TWO, tmp_path / "logs" / "log", 0.0, rates)}
    here = start_server("--request_log_dc=a", "--request_log_task_index=3", models=models)
    elsewhere = start_server("--request_log_dc=a", "--request_log_task_index=4", models=models)
    for server in (here, elsewhere):
        ask(server, 3)
        stop(server)
    (file,) = (tmp_path / "logs").iterdir()
    log = messages.PredictionLog.FromString(records(file)[0])
    assert (log.log_metadata.dc, log.log_metadata.sampling_config.sampling_rate) == ("a", 1.0)
    assert len(records(file)) == 3


def test_a_reload_switches_logging_on_and_off(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(models={"m": HALF_PLUS_TWO})

    def reload(*models: str) -> None:
        text = "model_config_list {" + " ".join(f"config {{ {model} }}" for model in models) + "}"
        config = messages.parse_text(text, "tensorflow.serving.ModelServerConfig")
        request = messages.ReloadConfigRequest(config=config).SerializeToString()
        answer = server.call("/tensorflow.serving.ModelService/HandleReloadConfigRequest", request)
        assert messages.ReloadConfigResponse.FromString(answer).status.error_code == 0

    plain = f'name: "m" base_path: "{HALF_PLUS_TWO}" model_platform: "tensorflow"'
    ask(server, 2)
    reload(f"{plain} {logging_config(tmp_path / 'logs' / 'log')}")
    ask(server, 4)
    reload(plain)
    ask(server, 2)
    stop(server)
    (file,) = (tmp_path / "logs").iterdir()
    assert len(records(file)) == 4


def test_an_unknown_collector_stops_the_start(tmp_path: Path) -> None:
    more = logging_config(tmp_path / "log").replace("tfrecord", "kafka")
    flags = (f"--model_config_file={config_file(tmp_path, {'m': ModelEntry(HALF_PLUS_TWO, more)})}",)
    server = ServerProcess(flags, tmp_path / "server.log")
    server.start()
    assert server.wait() == 255
    assert "NOT_FOUND: model m: no log collector is called kafka; known: tfrecord" in server.output()


def test_a_log_that_cannot_be_written_fails_no_request(
    tmp_path: Path, start_server: Callable[..., ServerProcess]
) -> None:
    (tmp_path / "file").touch()
    server = start_server(models={"m": logged(HALF_PLUS_TWO, tmp_path / "file" / "log")})
    ask(server, 20)
    wait_until(lambda: "The request log cannot be written" in server.output(), LIMIT_S, "the warning")
    ask(server, 20)
    count = ':tensorflow:serving:request_log_count{model_name="m",status_code="UNKNOWN"} 40\n'
    page = "/monitoring/prometheus/metrics"
    wait_until(lambda: count in server.get(page).body.decode(), LIMIT_S, "all to be counted")
    stop(server)
    assert server.output().count("The request log cannot be written") == 1


def examples(*values: float) -> messages.Message:
    """An Input with one tf.Example for each x."""
    made = messages.ExampleList()
    for value in values:
        made.examples.add().features.feature["x"].float_list.value.append(value)
    return messages.Input(example_list=made)


def ask_by_example(server: ServerProcess) -> None:
    """Classify and regress by both protocols, and both at once."""
    body = {"context": {"y": 0.5}, "examples": [{"x": 1.0}, {"x": 2.0}]}
    for verb in ("classify", "regress"):
        reply = server.post(f"/v1/models/m:{verb}", {"signature_name": f"{verb}_x", **body})
        assert reply.status == 200, reply.body
    spec = {verb: messages.ModelSpec(name="m", signature_name=f"{verb}_x") for verb in ("classify", "regress")}
    service = "/tensorflow.serving.PredictionService/"
    given = examples(3.0)
    classify = messages.ClassificationRequest(model_spec=spec["classify"], input=given)
    regress = messages.RegressionRequest(model_spec=spec["regress"], input=given)
    server.call(f"{service}Classify", classify.SerializeToString())
    server.call(f"{service}Regress", regress.SerializeToString())
    tasks = [messages.InferenceTask(model_spec=spec[verb], method_name=f"tensorflow/serving/{verb}") for verb in spec]
    multi = messages.MultiInferenceRequest(tasks=tasks, input=given)
    server.call(f"{service}MultiInference", multi.SerializeToString())


def test_requests_of_all_kinds_are_logged_and_warm_up_the_next_version(
    tmp_path: Path, start_server: Callable[..., ServerProcess]
) -> None:
    base, folder = tmp_path / "m", tmp_path / "logs"
    shutil.copytree(MODELS / "example_scorer" / "1", base / "1")
    first = start_server(models={"m": logged(base, folder / "log")})
    ask_by_example(first)
    stop(first)
    (file,) = folder.iterdir()
    logs = [messages.PredictionLog.FromString(record) for record in records(file)]
    kinds = ["classify_log", "regress_log", "classify_log", "regress_log", "multi_inference_log"]
    assert [log.WhichOneof("log_type") for log in logs] == kinds
    assert [log.log_metadata.model_spec.signature_name for log in logs] == ["classify_x", "regress_x"] * 2 + [""]
    by_rest, by_grpc = logs[1].regress_log, logs[3].regress_log
    assert [regression.value for regression in by_rest.response.result.regressions] == [3.0, 3.5]
    assert len(by_rest.request.input.example_list.examples) == 2
    assert by_grpc.request.input == examples(3.0)
    shutil.copytree(base / "1", base / "2")
    (base / "2" / "assets.extra").mkdir()
    shutil.copy(file, base / "2" / "assets.extra" / "tf_serving_warmup_requests")
    second = start_server(models={"m": base})
    # Version 1 is older by now, and may serve before this one is taken as written.
    wait_until(lambda: "Number of warmup records read: 5." in second.output(), 30, "the warm-up")
    assert second.get("/v1/models/m").json()["model_version_status"][0]["state"] == "AVAILABLE"


def test_streams_and_sessions_are_logged(tmp_path: Path, start_server: Callable[..., ServerProcess]) -> None:
    folder = tmp_path / "logs"
    countdown = ModelEntry(PYTHON_MODELS / "countdown", logging_config(folder / "log"), platform="python")
    server = start_server(models={"m": countdown}, environment={"COUNTDOWN_LOG": str(tmp_path / "countdown.log")})
    tensor = wire.tensor(np.array(3), wire.DT_INT64)
    stream = server.channel.unary_stream("/tensorflow.serving.PredictionService/PredictStreamed")
    answers = list(stream(wire.predict_request(wire.Spec("m"), {"x": tensor}), timeout=LIMIT_S))
    session = messages.SessionRunRequest(fetch=["y"], tensor_name_is_alias=True)
    session.model_spec.name = "m"
    session.feed.add(name="x").tensor.ParseFromString(tensor)
    server.call("/tensorflow.serving.SessionService/SessionRun", session.SerializeToString())
    stop(server)
    (file,) = folder.iterdir()
    streamed, run = (messages.PredictionLog.FromString(record) for record in records(file))
    assert [response.SerializeToString() for response in streamed.predict_streamed_log.response] == [
        messages.PredictResponse.FromString(answer).SerializeToString() for answer in answers
    ]
    assert len(answers) == 3
    assert len(streamed.predict_streamed_log.request) == 1
    assert run.session_run_log.request == session
    assert [fetched.name for fetched in run.session_run_log.response.tensor] == ["y"]
