"""SessionService.SessionRun: what a client reaches of a model's graph, and what not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from salver import wire as messages
from tests.support import wire
from tests.support.models import MODELS, PYTHON_MODELS, ModelEntry, config_file
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.timeout(120)
SESSION_RUN = "/tensorflow.serving.SessionService/SessionRun"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("session_run")
    models: dict[str, Path | ModelEntry] = {
        "half_plus_two": MODELS / "half_plus_two",
        "defaults": MODELS / "defaults",
        "countdown": ModelEntry(PYTHON_MODELS / "countdown", platform="python"),
    }
    environment = {"COUNTDOWN_LOG": str(folder / "countdown.log")}
    flags = (f"--model_config_file={config_file(folder, models)}",)
    with ServerProcess(flags, folder / "server.log", environment=environment) as process:
        yield process
        process.assert_alive()


def request(model: str = "half_plus_two", **fields: Any) -> Any:
    made = messages.SessionRunRequest(**fields)
    made.model_spec.name = model
    return made


def feed(made: Any, name: str, *values: float) -> Any:
    entry = made.feed.add(name=name)
    entry.tensor.ParseFromString(wire.float_tensor(values, [len(values)]))
    return made


def run(server: ServerProcess, made: Any) -> Any:
    answer = server.channel.unary_unary(SESSION_RUN)(made.SerializeToString(), timeout=30)
    return messages.SessionRunResponse.FromString(answer)


def refusal(server: ServerProcess, made: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as failure:
        run(server, made)
    return failure.value.code(), failure.value.details()


def graph_names(server: ServerProcess, model: str = "half_plus_two") -> tuple[str, str]:
    """The graph's names of input `x` and output `y` of the default signature."""
    spec = messages.GetModelMetadataRequest(metadata_field=["signature_def"])
    spec.model_spec.name = model
    answer = server.channel.unary_unary(wire.GET_MODEL_METADATA)(spec.SerializeToString(), timeout=30)
    reply = messages.GetModelMetadataResponse.FromString(answer)
    signatures = messages.SignatureDefMap()
    reply.metadata["signature_def"].Unpack(signatures)
    default = signatures.signature_def["serving_default"]
    return default.inputs["x"].name, default.outputs["y"].name


def test_runs_graph_tensors(server: ServerProcess) -> None:
    x, y = graph_names(server)
    reply = run(server, feed(request(fetch=[y, x]), x, 1.0, 2.0))
    assert [tensor.name for tensor in reply.tensor] == [y, x]
    assert list(reply.tensor[0].tensor.float_val) == [2.5, 3.0]
    assert list(reply.tensor[1].tensor.float_val) == [1.0, 2.0]
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("half_plus_two", 1)


def test_a_tensor_fetched_twice_is_refused(server: ServerProcess) -> None:
    x, y = graph_names(server)
    code, text = refusal(server, feed(request(fetch=[y, y]), x, 1.0))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert f"{y} is fetched twice" in text


def test_an_index_has_one_spelling(server: ServerProcess) -> None:
    x, y = graph_names(server)
    code, _ = refusal(server, feed(request(fetch=[y.replace(":0", ":00")]), x, 1.0))
    assert code is grpc.StatusCode.INVALID_ARGUMENT


def test_runs_aliases_of_a_signature(server: ServerProcess) -> None:
    reply = run(server, feed(request(fetch=["y"], tensor_name_is_alias=True), "x", 1.0))
    assert [(tensor.name, list(tensor.tensor.float_val)) for tensor in reply.tensor] == [("y", [2.5])]
    assert reply.model_spec.signature_name == "serving_default"


def test_aliases_reach_python_servables(server: ServerProcess) -> None:
    made = request("countdown", fetch=["y"], tensor_name_is_alias=True)
    made.feed.add(name="x").tensor.ParseFromString(wire.tensor(np.array(2), wire.DT_INT64))
    assert list(run(server, made).tensor[0].tensor.int64_val) == [2, 1]


def test_runs_a_target_without_fetching(server: ServerProcess) -> None:
    x, y = graph_names(server)
    assert list(run(server, feed(request(target=[y.split(":")[0]]), x, 1.0)).tensor) == []


def test_a_value_fed_twice_is_refused(server: ServerProcess) -> None:
    x, y = graph_names(server)
    code, text = refusal(server, feed(feed(request(fetch=[y]), x, 1.0), x, 2.0))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert x in text


@pytest.mark.parametrize(
    ("made", "code", "part"),
    [
        (lambda: request(fetch=["nothing:0"]), grpc.StatusCode.INVALID_ARGUMENT, "nothing:0"),
        (lambda: request(fetch=["a b"]), grpc.StatusCode.INVALID_ARGUMENT, "a b"),
        (lambda: request(target=["nothing"]), grpc.StatusCode.INVALID_ARGUMENT, "nothing"),
        (request, grpc.StatusCode.INVALID_ARGUMENT, "neither fetches nor targets"),
        (lambda: request("nobody", fetch=["y"]), grpc.StatusCode.NOT_FOUND, "Latest(nobody)"),
        (lambda: request("countdown", fetch=["y:0"]), grpc.StatusCode.UNIMPLEMENTED, "countdown"),
        (
            lambda: request(fetch=["z"], tensor_name_is_alias=True),
            grpc.StatusCode.INVALID_ARGUMENT,
            "is not fed",
        ),
        (
            lambda: feed(request(fetch=["y"], tensor_name_is_alias=True), "w", 1.0),
            grpc.StatusCode.INVALID_ARGUMENT,
            "no input w",
        ),
        (
            lambda: feed(request(fetch=["z"], tensor_name_is_alias=True), "x", 1.0),
            grpc.StatusCode.INVALID_ARGUMENT,
            "no output z",
        ),
    ],
)
def test_what_is_wrong_is_named(
    server: ServerProcess, made: Callable[[], Any], code: grpc.StatusCode, part: str
) -> None:
    seen, text = refusal(server, made())
    assert seen is code
    assert part in text


def test_operations_outside_of_the_signatures_are_out_of_reach(server: ServerProcess, tmp_path: Path) -> None:
    """A SavedModel's graph can write a checkpoint to a path that is fed; a client must not."""
    made = request("defaults", target=["StatefulPartitionedCall_1"])
    target = tmp_path / "written"
    entry = made.feed.add(name="saver_filename:0")
    entry.tensor.ParseFromString(wire.tensor([str(target).encode()], wire.DT_STRING, shape=[]))
    code, text = refusal(server, made)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "out of reach" in text
    assert list(tmp_path.iterdir()) == []
