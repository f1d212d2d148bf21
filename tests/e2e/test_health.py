"""grpc.health.v1, reflection, and readiness before and after the models are loaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, PYTHON_MODELS, ModelEntry, config_file
from tests.support.server_process import ServerProcess, open_channel, status_of, wait_until

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]
SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
SERVICES = ["", "ModelService", "PredictionService"]


@pytest.mark.parametrize("service", SERVICES)
def test_check_says_serving(server: ServerProcess, service: str) -> None:
    answer = server.call(wire.HEALTH_CHECK, wire.health_request(service))

    assert wire.parse_health_reply(answer) == SERVING


def test_check_of_an_unknown_service_is_not_found(server: ServerProcess) -> None:
    code, _ = status_of(lambda: server.call(wire.HEALTH_CHECK, wire.health_request("nobody")))

    assert code == "NOT_FOUND"


def watch(channel: grpc.Channel, service: str = "") -> Iterator[int]:
    for answer in channel.unary_stream(wire.HEALTH_WATCH)(wire.health_request(service), timeout=60):
        yield wire.parse_health_reply(answer)


def test_watch_tells_the_state_at_once_and_each_change(start_server: StartServer, tmp_path: Path) -> None:
    late = tmp_path / "late"
    late.mkdir()
    server = start_server("--file_system_poll_wait_seconds=1", models={"late": late})
    with open_channel(server.grpc_address) as channel:
        states = watch(channel, "late")
        assert next(states) == NOT_SERVING
        shutil.copytree(HALF_PLUS_TWO / "1", late / "incoming")
        (late / "incoming").rename(late / "1")
        assert next(states) == SERVING
        shutil.rmtree(late / "1")
        assert next(states) == NOT_SERVING


def test_watch_of_an_unknown_service_says_so_and_goes_on(server: ServerProcess) -> None:
    with open_channel(server.grpc_address) as channel:
        assert next(watch(channel, "nobody")) == SERVICE_UNKNOWN


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that the models `gated` wait for in their load."""
    return tmp_path / "gate"


def start_gated(start_server: StartServer, gate: Path, *flags: str) -> ServerProcess:
    models = {"gated": ModelEntry(PYTHON_MODELS / "gated", platform="python"), "half_plus_two": HALF_PLUS_TWO}
    return start_server(*flags, models=models, environment={"GATE": str(gate)}, ready_path="/v1/models/half_plus_two")


def test_a_server_is_live_and_not_ready_while_a_model_loads(start_server: StartServer, gate: Path) -> None:
    server = start_gated(start_server, gate, "--serve_while_loading")

    assert server.get("/livez").status == 200
    assert server.get("/readyz").status == 503
    assert wire.parse_health_reply(server.call(wire.HEALTH_CHECK, b"")) == NOT_SERVING
    assert wire.parse_health_reply(server.call(wire.HEALTH_CHECK, wire.health_request("gated"))) == NOT_SERVING
    reply = server.post("/v1/models/gated:predict", {"instances": [1.0]})
    assert reply.status == 503
    assert "gated" in reply.error

    gate.touch()
    wait_until(lambda: server.is_answering("/readyz"), 30, "/readyz")

    assert wire.parse_health_reply(server.call(wire.HEALTH_CHECK, b"")) == SERVING
    assert server.post("/v1/models/gated:predict", {"instances": [1.0]}).json() == {"predictions": [2.5]}


def test_a_model_serves_as_soon_as_it_is_ready(start_server: StartServer, gate: Path) -> None:
    server = start_gated(start_server, gate, "--serve_while_loading")

    def is_served() -> bool:
        return server.post("/v1/models/half_plus_two:predict", {"instances": [1.0]}).status == 200

    wait_until(is_served, 30, "the other model, whose load waits for nothing")
    assert server.get("/readyz").status == 503
    gate.touch()


def test_no_port_is_open_before_every_model_is_loaded(tmp_path: Path, gate: Path) -> None:
    models = {"gated": ModelEntry(PYTHON_MODELS / "gated", platform="python"), "half_plus_two": HALF_PLUS_TWO}
    flags = (f"--model_config_file={config_file(tmp_path, models)}",)
    server = ServerProcess(flags, tmp_path / "server.log", environment={"GATE": str(gate)})
    server.start()
    try:
        loaded = "Successfully loaded servable version {name: half_plus_two version: 1}"
        wait_until(lambda: loaded in server.output(), 30, loaded)
        assert not server.is_answering("/livez")
        gate.touch()
        server.wait_ready()
        assert server.post("/v1/models/gated:predict", {"instances": [1.0]}).status == 200
    finally:
        server.__exit__(None, None, None)


def test_a_model_that_never_loads_is_seen_and_does_not_block_the_others(start_server: StartServer) -> None:
    broken = HALF_PLUS_TWO.parent / "corrupt_truncated"
    server = start_server(
        "--max_num_load_retries=0",
        models={"half_plus_two": HALF_PLUS_TWO, "broken": broken},
        ready_path="/livez",
    )

    assert server.post("/v1/models/half_plus_two:predict", {"instances": [1.0]}).status == 200
    (status,) = server.get("/v1/models/broken").json()["model_version_status"]
    assert status["state"] == "END"
    assert status["status"]["error_message"]


# --- reflection ------------------------------------------------------------------------------------------------------

REFLECTION = ["/grpc.reflection.v1.ServerReflection", "/grpc.reflection.v1alpha.ServerReflection"]
LIST_SERVICES = wire.chunk(7, b"*")


def reflect(server: ServerProcess, service: str, *requests: bytes) -> list[wire.Fields]:
    with open_channel(server.grpc_address) as channel:
        answers = channel.stream_stream(f"{service}/ServerReflectionInfo")(iter(requests), timeout=30)
        return [wire.fields(answer) for answer in answers]


@pytest.mark.parametrize("service", REFLECTION)
def test_reflection_lists_the_services(server: ServerProcess, service: str) -> None:
    (answer,) = reflect(server, service, LIST_SERVICES)

    names = {wire.fields(one)[1][0].decode() for one in wire.fields(answer[6][0])[1]}
    assert {
        "grpc.health.v1.Health",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
        service[1:],
    } <= names


@pytest.mark.parametrize("service", REFLECTION)
@pytest.mark.parametrize(
    "question",
    [
        wire.chunk(4, b"tensorflow.serving.PredictionService"),
        wire.chunk(4, b"tensorflow.serving.PredictRequest"),
        wire.chunk(3, b"tensorflow_serving/apis/prediction_service.proto"),
    ],
    ids=repr,
)
def test_reflection_describes_a_symbol_with_all_that_it_needs(
    server: ServerProcess, service: str, question: bytes
) -> None:
    from google.protobuf import descriptor_pb2, descriptor_pool

    (answer,) = reflect(server, service, question)

    files = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in wire.fields(answer[4][0])[1]]
    assert any(file.name.startswith("tensorflow_serving/apis/predict") for file in files)
    pool = descriptor_pool.DescriptorPool()
    left = {file.name: file for file in files}
    while left:
        ready = [file for file in left.values() if not left.keys() & set(file.dependency)]
        assert ready, f"a circle: {sorted(left)}"
        for file in ready:
            pool.Add(left.pop(file.name))
    assert pool.FindMessageTypeByName("tensorflow.serving.PredictRequest")


def test_reflection_of_an_unknown_symbol_is_an_error_in_the_stream(server: ServerProcess) -> None:
    unknown, listed = reflect(server, REFLECTION[0], wire.chunk(4, b"no.such.Symbol"), LIST_SERVICES)

    assert wire.fields(unknown[7][0])[1][0] == grpc.StatusCode.NOT_FOUND.value[0]
    assert 6 in listed
