"""Clients written for TensorFlow Serving, with the stubs of tensorflow-serving-api, in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.models import ROOT, ModelEntry, config_file
from tests.support.server_process import ServerProcess

SCRIPTS = Path(__file__).parent / "clients"
MODELS = {
    "half_plus_two": "saved_model_half_plus_two_cpu",
    "half_plus_three": "saved_model_half_plus_three",
    "latest": "saved_model_half_plus_two_2_versions",
}
ALL_VERSIONS = 'model_version_policy { all {} } version_labels { key: "stable" value: 123 }'
X = {"x": {"values": [[1.0], [2.0], [5.0]]}}


class Client:
    """A client process that makes one call per line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, rpc: str, **call: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"rpc": rpc, **call}) + "\n")
        self._process.stdin.flush()
        return self.read()

    def read(self) -> Any:
        """The next line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the client ended"
        return json.loads(line)


@pytest.fixture(scope="module")
def reference_server(
    reference: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("reference")
    models: dict[str, Any] = {name: reference(folder) for name, folder in MODELS.items()}
    models["two_versions"] = ModelEntry(reference("saved_model_half_plus_two_2_versions"), ALL_VERSIONS)
    flags = (f"--model_config_file={config_file(folder, models)}", "--allow_version_labels_for_unavailable_models")
    with ServerProcess(flags, folder / "server.log") as process:
        yield process


@pytest.fixture(scope="module")
def client(reference_server: ServerProcess, clients_python: Path) -> Iterator[Client]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [clients_python, SCRIPTS / "session.py", reference_server.grpc_address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
    ) as process:
        talk = Client(process)
        assert talk.read() == {"ready": True}
        yield talk
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


# --- Predict ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "version", "expected"),
    [
        ("half_plus_two", 123, [[2.5], [3.0], [4.5]]),
        ("half_plus_three", 123, [[3.5], [4.0], [5.5]]),
        ("latest", 124, [[2.5], [3.0], [4.5]]),
        ("two_versions", 124, [[2.5], [3.0], [4.5]]),
    ],
)
def test_predict_answers_with_the_newest_version(client: Client, model: str, version: int, expected: Any) -> None:
    assert client("predict", model=model, inputs=X) == {
        "spec": {"name": model, "version": version, "signature": "serving_default", "label": ""},
        "outputs": {"y": expected},
        "shapes": {"y": [3, 1]},
    }


@pytest.mark.parametrize("version", [123, 124])
def test_predict_answers_with_the_version_asked_for(client: Client, version: int) -> None:
    answer = client("predict", model="two_versions", version=version, inputs=X)

    assert answer["spec"]["version"] == version
    assert answer["outputs"] == {"y": [[2.5], [3.0], [4.5]]}


def test_predict_by_label_names_the_version_and_not_the_label(client: Client) -> None:
    answer = client("predict", model="two_versions", label="stable", inputs=X)

    assert answer["spec"] == {"name": "two_versions", "version": 123, "signature": "serving_default", "label": ""}


def test_predict_with_a_named_signature(client: Client) -> None:
    answer = client(
        "predict", model="half_plus_two", signature="regress_x2_to_y3", inputs={"inputs": {"values": [[2.0]]}}
    )

    assert answer["outputs"] == {"outputs": [[4.0]]}
    assert answer["spec"]["signature"] == "regress_x2_to_y3"


def test_predict_with_an_output_filter(client: Client) -> None:
    answer = client("predict", model="half_plus_two", inputs=X, output_filter=["y"])

    assert answer["outputs"] == {"y": [[2.5], [3.0], [4.5]]}


@pytest.mark.parametrize("shape", [[3], [3, 1], [1, 3], [1, 1, 3], []])
def test_predict_feeds_any_shape_as_it_came(client: Client, shape: list[int]) -> None:
    values = [1.0, 2.0, 5.0] if shape else [1.0]

    answer = client("predict", model="half_plus_two", inputs={"x": {"values": values, "shape": shape}})

    assert answer["shapes"] == {"y": shape}


@pytest.mark.parametrize(
    ("call", "code", "texts"),
    [
        ({"model": "nobody"}, "NOT_FOUND", ["Servable not found for request: Latest(nobody)"]),
        (
            {"model": "half_plus_two", "version": 7},
            "NOT_FOUND",
            ["Servable not found for request: Specific(half_plus_two, 7)"],
        ),
        ({"model": "latest", "version": 123}, "NOT_FOUND", ["Specific(latest, 123)"]),
        ({"model": "half_plus_two", "label": "canary"}, "INVALID_ARGUMENT", ["canary"]),
        ({"model": ""}, "INVALID_ARGUMENT", ["name"]),
        ({"model": "half_plus_two", "signature": "missing_one"}, "FAILED_PRECONDITION", ["missing_one"]),
        ({"model": "half_plus_two", "inputs": {}}, "INVALID_ARGUMENT", ["x", "missing"]),
        (
            {"model": "half_plus_two", "inputs": {**X, "z": {"values": [1.0]}}},
            "INVALID_ARGUMENT",
            ["sent extra", "z", "2", "1"],
        ),
        ({"model": "half_plus_two", "inputs": {"z": {"values": [1.0]}}}, "INVALID_ARGUMENT", ["x", "z"]),
        ({"model": "half_plus_two", "output_filter": ["q"]}, "INVALID_ARGUMENT", ["q", "y"]),
        ({"model": "half_plus_two", "output_filter": ["y", "y"]}, "INVALID_ARGUMENT", ["y"]),
        (
            {"model": "half_plus_two", "inputs": {"x": {"values": [1], "dtype": "int32"}}},
            "INVALID_ARGUMENT",
            ["float", "int32"],
        ),
        (
            {"model": "half_plus_two", "inputs": {"x": {"values": ["one"], "dtype": "string"}}},
            "INVALID_ARGUMENT",
            ["float", "string"],
        ),
    ],
)
def test_predict_refuses(client: Client, call: dict[str, Any], code: str, texts: list[str]) -> None:
    answer = client("predict", **{"inputs": X, **call})

    assert answer["code"] == code
    for text in texts:
        assert text in answer["details"], answer
    assert "/" not in answer["details"].replace("/2", ""), "a path in a message to a client"


# --- GetModelStatus --------------------------------------------------------------------------------------------------


def test_status_of_one_version(client: Client) -> None:
    assert client("status", model="half_plus_two") == {"versions": [[123, "AVAILABLE", 0, ""]]}


def test_status_lists_versions_newest_first(client: Client) -> None:
    answer = client("status", model="two_versions")

    assert answer == {"versions": [[124, "AVAILABLE", 0, ""], [123, "AVAILABLE", 0, ""]]}


def test_status_of_the_version_asked_for(client: Client) -> None:
    assert client("status", model="two_versions", version=123) == {"versions": [[123, "AVAILABLE", 0, ""]]}


def test_status_ignores_a_label(client: Client) -> None:
    assert len(client("status", model="two_versions", label="nonsense")["versions"]) == 2


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ({"model": "nobody"}, "Could not find any versions of model nobody"),
        ({"model": "half_plus_two", "version": 9}, "Could not find version 9 of model half_plus_two"),
    ],
)
def test_status_of_the_unknown_is_not_found(client: Client, call: dict[str, Any], text: str) -> None:
    answer = client("status", **call)

    assert answer["code"] == "NOT_FOUND"
    assert text in answer["details"]


# --- GetModelMetadata ------------------------------------------------------------------------------------------------


def test_metadata_holds_every_signature(client: Client) -> None:
    answer = client("metadata", model="half_plus_two")

    assert answer["spec"] == {"name": "half_plus_two", "version": 123, "signature": "", "label": ""}
    assert answer["keys"] == ["signature_def"]
    assert answer["type_url"] == "type.googleapis.com/tensorflow.serving.SignatureDefMap"
    assert set(answer["signatures"]) == {
        "serving_default",
        "regress_x_to_y",
        "regress_x_to_y2",
        "regress_x2_to_y3",
        "classify_x_to_y",
    }
    assert answer["signatures"]["serving_default"] == {
        "method": "tensorflow/serving/predict",
        "inputs": {"x": ["x:0", 1]},
        "outputs": {"y": ["y:0", 1]},
    }


def test_metadata_of_the_version_asked_for(client: Client) -> None:
    assert client("metadata", model="two_versions", version=123)["spec"]["version"] == 123


@pytest.mark.parametrize(
    ("call", "code", "text"),
    [
        ({"model": "nobody"}, "NOT_FOUND", "Latest(nobody)"),
        ({"model": "half_plus_two", "version": 9}, "NOT_FOUND", "Specific(half_plus_two, 9)"),
        ({"model": "half_plus_two", "label": "canary"}, "INVALID_ARGUMENT", "canary"),
        ({"model": "half_plus_two", "fields": []}, "INVALID_ARGUMENT", "metadata_field"),
        ({"model": "half_plus_two", "fields": ["weights"]}, "INVALID_ARGUMENT", "weights"),
        ({"model": ""}, "INVALID_ARGUMENT", "name"),
    ],
)
def test_metadata_refuses(client: Client, call: dict[str, Any], code: str, text: str) -> None:
    answer = client("metadata", **call)

    assert answer["code"] == code
    assert text in answer["details"]


# --- one process -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["tensorflow,tensorflow_serving,salver", "salver,tensorflow_serving,tensorflow"])
def test_client_server_and_tensorflow_share_a_process(
    order: str, reference_server: ServerProcess, reference: Callable[[str], Path], clients_python: Path
) -> None:
    path = reference("saved_model_half_plus_two_cpu")

    ended = subprocess.run(
        [clients_python, SCRIPTS / "one_process.py", order, reference_server.grpc_address, path],
        env={**os.environ, "PYTHONPATH": str(ROOT / "python"), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    expected = [[2.5, 3.0, 4.5]] * 2
    assert json.loads(ended.stdout) == {"tensorflow": expected, "client": expected, "salver": expected}
