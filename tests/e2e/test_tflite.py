"""TFLite models behind a real server, by platform and by preference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import wire
from tests.support.models import MODELS, ModelEntry, config_file
from tests.support.server_process import ServerProcess, status_of

BY_PLATFORM = ("half_plus_two", "metadata", "table", "scores", "strings", "float64", "parse_example", "damaged")
REFERENCE_MODELS = ("saved_model_half_plus_two_tflite", "saved_model_half_plus_two_tflite_with_sigdef")


@pytest.fixture(scope="module")
def tflite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves TFLite by platform, and by preference where a directory holds both kinds."""
    folder = tmp_path_factory.mktemp("tflite")
    models: dict[str, Any] = {name: ModelEntry(MODELS / f"tflite_{name}", platform="tflite") for name in BY_PLATFORM}
    models["both"] = MODELS / "tflite_or_saved_model"
    models["saved_model"] = MODELS / "half_plus_two"
    flags = (f"--model_config_file={config_file(folder, models)}", "--prefer_tflite_model", "--num_tflite_pools=2")
    with ServerProcess(flags, folder / "server.log") as process:
        yield process
        process.assert_alive()


def rest(server: ServerProcess, model: str, **body: Any) -> Any:
    return server.post(f"/v1/models/{model}:predict", body).json()


def failure(server: ServerProcess, model: str) -> dict[str, str]:
    """The status of a version that did not load."""
    (version,) = server.get(f"/v1/models/{model}").json()["model_version_status"]
    status: dict[str, str] = version["status"]
    return status


# --- which file is served --------------------------------------------------------------------------------------------


def test_a_directory_with_both_kinds_serves_tflite_where_it_is_preferred(tflite_server: ServerProcess) -> None:
    assert rest(tflite_server, "both", instances=[1.0, 2.0, 5.0]) == {"predictions": [2.5, 3.0, 4.5]}


def test_a_directory_without_tflite_serves_the_saved_model(tflite_server: ServerProcess) -> None:
    assert rest(tflite_server, "saved_model", instances=[1.0]) == {"predictions": [2.5]}


def test_without_the_preference_the_saved_model_is_served(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server(models={"both": MODELS / "tflite_or_saved_model"})
    assert rest(server, "both", instances=[1.0]) == {"predictions": [3.5]}


# --- what is answered ------------------------------------------------------------------------------------------------


def test_a_model_without_signatures_answers_by_the_names_of_its_tensors(tflite_server: ServerProcess) -> None:
    request = wire.predict_request(wire.Spec("half_plus_two"), {"x": wire.float_tensor([1, 2, 5], [3, 1])})
    reply = wire.parse_predict_reply(tflite_server.call(wire.PREDICT, request))
    assert reply.spec == wire.Spec("half_plus_two", version=1, signature="serving_default")
    assert reply.outputs["y"].tolist() == [[2.5], [3.0], [4.5]]


def test_signatures_of_the_metadata_answer(tflite_server: ServerProcess) -> None:
    assert rest(tflite_server, "metadata", inputs={"half": [2.0]}) == {"outputs": [3.0]}
    body = {"signature_name": "regress", "inputs": {"inputs": [4.0]}}
    assert rest(tflite_server, "metadata", **body) == {"outputs": [4.0]}


def test_signatures_of_the_table_answer(tflite_server: ServerProcess) -> None:
    inputs = {"a": [5.0, 6.0], "b": [3.0, 3.0]}
    outputs = {"sum": [8.0, 9.0], "difference": [2.0, 3.0]}
    assert rest(tflite_server, "table", inputs=inputs) == {"outputs": outputs}
    assert rest(tflite_server, "table", signature_name="double", instances=[4.0]) == {"predictions": [8.0]}


def test_an_output_filter_is_heeded(tflite_server: ServerProcess) -> None:
    tensors = {name: wire.float_tensor([value], [1]) for name, value in (("a", 5), ("b", 3))}
    request = wire.predict_request(wire.Spec("table"), tensors, ["sum"])
    reply = wire.parse_predict_reply(tflite_server.call(wire.PREDICT, request))
    assert {name: value.tolist() for name, value in reply.outputs.items()} == {"sum": [8.0]}


def test_strings_come_back_as_they_went_in(tflite_server: ServerProcess) -> None:
    words = np.array([b"a\0b\0", b"", b"\xff\xfe"], object)
    request = wire.predict_request(
        wire.Spec("strings"),
        {
            "words": wire.tensor(words, wire.DT_STRING),
            "order": wire.tensor(np.int32([2, 0, 1]), wire.DT_INT32),
        },
    )
    reply = wire.parse_predict_reply(tflite_server.call(wire.PREDICT, request))
    assert reply.outputs["chosen"].tolist() == [b"\xff\xfe", b"a\0b\0", b""]


def test_metadata_tells_tensors_types_and_shapes(tflite_server: ServerProcess) -> None:
    document = tflite_server.get("/v1/models/half_plus_two/metadata").json()
    assert document["model_spec"] == {"name": "half_plus_two", "signature_name": "", "version": "1"}
    signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    (x,) = signature["inputs"].values()
    assert (x["name"], x["dtype"], [dim["size"] for dim in x["tensor_shape"]["dim"]]) == ("x:0", "DT_FLOAT", ["1"])


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        (
            {"x": wire.float_tensor([1] * 8, [2, 4])},
            "INTERNAL",
            "signature serving_default cannot be run with x [2, 4]",
        ),
        ({"x": wire.tensor(np.int32([[1, 2, 3]]), wire.DT_INT32)}, "INVALID_ARGUMENT", "int32, expected float32"),
        ({"z": wire.float_tensor([1], [1])}, "INVALID_ARGUMENT", "'serving_default'"),
    ],
    ids=["shape", "type", "name"],
)
def test_what_the_model_cannot_take_is_said(
    tflite_server: ServerProcess, inputs: dict[str, bytes], code: str, said: str
) -> None:
    request = wire.predict_request(wire.Spec("scores"), inputs)
    got, message = status_of(lambda: tflite_server.call(wire.PREDICT, request))
    assert got == code
    assert said in message


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("float64", "INTERNAL", "of type float64, which cannot be served"),
        ("parse_example", "INTERNAL", "unresolved custom op: ParseExample"),
        ("damaged", "INVALID_ARGUMENT", "damaged, or no TFLite model"),
    ],
)
def test_what_cannot_be_loaded_says_why(tflite_server: ServerProcess, model: str, code: str, said: str) -> None:
    status = failure(tflite_server, model)
    assert status["error_code"] == code
    assert said in status["error_message"]
    assert str(MODELS) not in status["error_message"]


# --- many at the same time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interpreters_per_pool", [1, 4])
def test_requests_at_the_same_time_get_their_own_answers(
    start_server: Callable[..., ServerProcess], interpreters_per_pool: int
) -> None:
    models = {"scores": ModelEntry(MODELS / "tflite_scores", platform="tflite")}
    server = start_server(f"--num_tflite_interpreters_per_pool={interpreters_per_pool}", models=models)

    def ask(number: int) -> bool:
        rows = number % 5 + 1
        request = wire.predict_request(wire.Spec("scores"), {"x": wire.float_tensor([number] * 3 * rows, [rows, 3])})
        scores = wire.parse_predict_reply(server.call(wire.PREDICT, request)).outputs["scores"]
        return bool(scores.tolist() == [[3.0 * number, 6.0 * number]] * rows)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(400)))


# --- TensorFlow Serving's own models ---------------------------------------------------------------------------------


def test_models_of_tensorflow_serving(
    start_server: Callable[..., ServerProcess], reference: Callable[[str], Path]
) -> None:
    server = start_server("--prefer_tflite_model", models={name: reference(name) for name in REFERENCE_MODELS})
    for name in REFERENCE_MODELS:
        assert rest(server, name, instances=[[1.0], [2.0], [5.0]]) == {"predictions": [[2.5], [3.0], [4.5]]}
        signatures = server.get(f"/v1/models/{name}/metadata").json()["metadata"]["signature_def"]["signature_def"]
        assert list(signatures) == ["serving_default"]
        assert [*signatures["serving_default"]["inputs"], *signatures["serving_default"]["outputs"]] == ["x", "y"]
