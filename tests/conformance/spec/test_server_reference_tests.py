"""server.md section 9: each of the end-to-end tests of TensorFlow Serving, on its own models where they are at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.models import MODELS, config_file, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, open_channel, served, wait_until
from tests.support.spec_tables import Rest, Rpc, Table
from tests.support.stub_client import StubClient
from tests.support.tensor_text import example, examples, fed, floats, given, spec

Reference = Callable[[str], Path]
VERSION = 123
HALF = "saved_model_half_plus_two_cpu"


@pytest.fixture(scope="module")
def default(reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Started as the tests of the reference start theirs."""
    folder = tmp_path_factory.mktemp("default")
    flags = (
        "--rest_api_timeout_in_ms=5000",
        f"--grpc_socket_path={folder}/socket",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=120000,grpc.so_reuseaddr=1,grpc.primary_user_agent=tests",
    )
    with served(folder, *flags, models={"default": reference(HALF)}) as process:
        yield process


TESTS = Table(
    "server",
    "9",
    "End-to-end tests of TensorFlow Serving",
    22,
    elsewhere={
        20: "needs Keras to make the models; a Keras export is a SavedModel, and those are rows 6 and 19",
        21: "wire-1-row-10: Salver has no profiler service",
        22: "tests of --custom_op_libraries; tf.text is one such library",
    },
)
ONE = examples(example(x=2.0))
SERVED = f'name: "default" version {{ value: {VERSION} }}'
CLASSIFIER = f'model_spec {{ {SERVED} signature_name: "classify_x_to_y" }}'
REGRESSOR = f'model_spec {{ {SERVED} signature_name: "regress_x_to_y" }}'
CLASSIFIED = "classifications { classes { score: 3 } }"


@TESTS.each(
    Rpc(
        1,
        "testGetModelStatus",
        method="GetModelStatus",
        request='model_spec { name: "default" }',
        answer=f"model_version_status {{ version: {VERSION} state: AVAILABLE status {{}} }}",
    ),
    Rpc(
        2,
        "testGetModelMetadata",
        method="GetModelMetadata",
        request='model_spec { name: "default" } metadata_field: "signature_def"',
        has=(f"model_spec {{ {SERVED} }}", 'metadata { key: "signature_def"'),
    ),
    Rpc(
        3,
        "testClassify",
        method="Classify",
        request=spec("default", "classify_x_to_y") + ONE,
        answer=f"result {{ {CLASSIFIED} }} {CLASSIFIER}",
    ),
    Rpc(
        4,
        "testRegress",
        method="Regress",
        request=spec("default", "regress_x_to_y") + ONE,
        answer=f"result {{ regressions {{ value: 3 }} }} {REGRESSOR}",
    ),
    Rpc(
        5,
        "testMultiInference",
        method="MultiInference",
        request=f'tasks {{ {spec("default", "regress_x_to_y")} method_name: "tensorflow/serving/regress" }} '
        f'tasks {{ {spec("default", "classify_x_to_y")} method_name: "tensorflow/serving/classify" }} {ONE}',
        answer=f"results {{ {REGRESSOR} regression_result {{ regressions {{ value: 3 }} }} }} "
        f"results {{ {CLASSIFIER} classification_result {{ {CLASSIFIED} }} }}",
    ),
    Rpc(
        6,
        "testPredictSavedModel",
        request=spec("default") + fed("x", floats(2)),
        answer=given("y", floats(3)) + spec("default", "serving_default", VERSION),
    ),
    Rpc(
        6,
        "testPredictSavedModel with a filter",
        request=spec("default") + fed("x", floats(2)) + 'output_filter: "y"',
        answer=given("y", floats(3)) + spec("default", "serving_default", VERSION),
    ),
)
def test_grpc(default: ServerProcess, client: StubClient, case: Rpc) -> None:
    client.check(default.grpc_address, case)


@TESTS.each(
    Rest(
        12,
        "testClassifyREST",
        path=":classify",
        body='{"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}',
        json={"results": [[["", 3.0]]]},
    ),
    Rest(
        12,
        "testRegressREST",
        path=":regress",
        body='{"signature_name": "regress_x_to_y", "examples": [{"x": 2.0}]}',
        json={"results": [3.0]},
    ),
    Rest(
        13,
        "testPredictREST",
        path=":predict",
        body='{"instances": [2.0, 3.0, 4.0]}',
        json={"predictions": [3.0, 3.5, 4.0]},
    ),
    Rest(
        13,
        "testPredictColumnarREST",
        path=":predict",
        body='{"inputs": [2.0, 3.0, 4.0]}',
        json={"outputs": [3.0, 3.5, 4.0]},
    ),
)
def test_rest(default: ServerProcess, case: Rest) -> None:
    assert default.post(f"/v1/models/default{case.path}", case.body).json() == case.json


@TESTS.row(14, "testGetStatusREST")
def test_status(default: ServerProcess) -> None:
    status = {"error_code": "OK", "error_message": ""}
    entry = {"version": str(VERSION), "state": "AVAILABLE", "status": status}
    assert default.get("/v1/models/default").json() == {"model_version_status": [entry]}


@TESTS.row(15, "testGetModelMetadataREST: the recorded answer")
def test_metadata(default: ServerProcess, reference: Reference) -> None:
    recorded = (reference(HALF).parent / "half_plus_two_model_metadata.json").read_text()
    assert default.get("/v1/models/default/metadata").json() == json.loads(recorded)


@TESTS.row(16, "testPrometheusEndpoint")
def test_prometheus(default: ServerProcess) -> None:
    assert b"# TYPE" in default.get("/monitoring/prometheus/metrics").body


@TESTS.row(17, "testPredictUDS")
def test_unix_socket(default: ServerProcess) -> None:
    path = next(flag.split("=")[1] for flag in default.flags if flag.startswith("--grpc_socket_path"))
    with open_channel(f"unix:{path}") as channel:
        answer = channel.unary_unary(wire.PREDICT)(half_plus_two_request(2.0, model="default"), timeout=30)
    assert is_half_plus_two(2.0)(answer)


@TESTS.row(7, "testGoodModelConfig")
def test_two_models(reference: Reference, tmp_path: Path) -> None:
    models = {"half_plus_two": reference(HALF), "half_plus_three": reference("saved_model_half_plus_three")}
    with served(tmp_path, models=models) as process:
        for name, y in (("half_plus_two", 3.0), ("half_plus_three", 4.0)):
            assert process.post(f"/v1/models/{name}:predict", '{"inputs": 2.0}').json() == {"outputs": y}


@TESTS.row(8, "testBadModelConfig")
def test_bad_config(tmp_path: Path) -> None:
    file = tmp_path / "bad.config"
    file.write_text("improper model config")
    command = [sys.executable, "-m", "salver", "serve", f"--model_config_file={file}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig" in ended.stderr


@TESTS.row(9, "testModelConfigReload")
def test_reload(tmp_path: Path) -> None:
    with served(
        tmp_path, "--model_config_file_poll_wait_seconds=1", models={"first": MODELS / "half_plus_two"}
    ) as process:
        config_file(tmp_path, {"second": MODELS / "half_plus_two"})
        wait_until(lambda: process.is_answering("/v1/models/second"), 30, "the file to be applied")
        wait_until(lambda: b"END" in process.get("/v1/models/first").body, 30, "the first model to go")


@TESTS.row(10, "testModelConfigReloadWithZeroPollPeriod")
def test_no_reload(tmp_path: Path) -> None:
    flags = ("--model_config_file_poll_wait_seconds=0", "--file_system_poll_wait_seconds=1")
    with served(tmp_path, *flags, models={"first": MODELS / "swap"}) as process:
        config_file(tmp_path, {"second": MODELS / "half_plus_two"})
        assert process.get("/v1/models/second").status == 404
        assert process.get("/v1/models/first").status == 200


@TESTS.row(11, "testGoodGrpcChannelArgs")
def test_channel_arguments(default: ServerProcess) -> None:
    default.assert_alive()


@TESTS.row(18, "testPredictOnTfLite, with and without signatures of its own")
@pytest.mark.parametrize(
    ("model", "signature"),
    [("saved_model_half_plus_two_tflite", ""), ("saved_model_half_plus_two_tflite_with_sigdef", "")],
)
def test_tflite(reference: Reference, tmp_path: Path, client: StubClient, model: str, signature: str) -> None:
    with served(tmp_path, "--prefer_tflite_model", models={"default": reference(model)}) as process:
        request = spec("default", signature) + fed("x", floats(2))
        answer = client.call(process.grpc_address, "Predict", request)
        assert answer.code == "OK", answer.details
        assert "float_val: 3.0" in answer.text


@TESTS.row(19, "exports of tf.saved_model.save, with a signature of another name")
def test_saved_model_save(server: ServerProcess) -> None:
    body = '{"signature_name": "echo_int32", "inputs": [1, 2]}'
    assert server.post("/v1/models/echo_all_dtypes:predict", body).json() == {"outputs": [1, 2]}
    assert server.post("/v1/models/lookup:predict", '{"inputs": ["two"]}').json() == {"outputs": [2]}
