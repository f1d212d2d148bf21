"""`salver.client` on real servers: both protocols, threads and asyncio."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from salver.client import AsyncClient, Client, InferenceTask, Label, RetryPolicy, Tls, VersionState
from salver.errors import (
    Code,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SalverError,
    UnavailableError,
)
from tests.support.certificates import Authority
from tests.support.models import HALF_PLUS_TWO, MODELS, PYTHON_MODELS, ModelEntry
from tests.support.server_process import ServerProcess, served, wait_until
from tests.support.slow_model import SlowLog

pytestmark = pytest.mark.timeout(180)

DTYPES = {
    "float32": [1.5, -0.0, np.nan],
    "float64": [1e300, np.inf],
    "int8": [-128, 127],
    "int16": [-(2**15)],
    "int32": [-(2**31)],
    "int64": [-(2**63), 2**63 - 1],
    "uint8": [255],
    "uint16": [65535],
    "uint32": [2**32 - 1],
    "uint64": [2**64 - 1],
    "bool": [True, False],
    "float16": [0.5],
    "complex64": [1 + 2j],
    "complex128": [1 - 2j],
    "bfloat16": [1.5],
}
NOT_IN_JSON = {"uint16", "float16", "complex64", "complex128", "bfloat16"}


class Asker:
    """A client of either kind; asynchronous calls are run to their end on one event loop."""

    def __init__(self, kind: type[Any], address: str, options: dict[str, Any]) -> None:
        self._runner = asyncio.Runner()
        self.client = kind(address, **options)
        self.is_rest = address.startswith("http")

    def __getattr__(self, name: str) -> Any:
        def run(*arguments: Any, **options: Any) -> Any:
            result = getattr(self.client, name)(*arguments, **options)
            if inspect.iscoroutine(result):
                return self._runner.run(result)
            return self._runner.run(_listed(result)) if inspect.isasyncgen(result) else result

        return run

    def end(self) -> None:
        self.close()
        self._runner.close()


async def _listed(parts: Any) -> list[Any]:
    return [part async for part in parts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("client")


@pytest.fixture(scope="module")
def log(folder: Path) -> SlowLog:
    return SlowLog(folder / "slow.log")


@pytest.fixture(scope="module")
def server(folder: Path, log: SlowLog) -> Iterator[ServerProcess]:
    labelled = ModelEntry(HALF_PLUS_TWO, 'version_labels { key: "stable" value: 1 }')
    names = ("echo_all_dtypes", "image", "example_scorer", "rest_forms")
    models: dict[str, Any] = {"half_plus_two": labelled, **{name: MODELS / name for name in names}}
    for name in ("countdown", "slow"):
        models[name] = ModelEntry(PYTHON_MODELS / name, platform="python")
    (folder / "countdown.log").touch()
    environment = {"COUNTDOWN_LOG": str(folder / "countdown.log"), "SLOW_LOG": str(log.file), "SLOW_S": "1"}
    flag = "--allow_version_labels_for_unavailable_models"
    with served(folder, flag, models=models, environment=environment) as process:
        yield process
        process.assert_alive()


def addresses(server: ServerProcess) -> dict[str, str]:
    return {"grpc": server.grpc_address, "rest": f"http://127.0.0.1:{server.rest_port}"}


@pytest.fixture(params=[(kind, protocol) for kind in (Client, AsyncClient) for protocol in ("grpc", "rest")])
def client(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Asker]:
    kind, protocol = request.param
    asker = Asker(kind, addresses(server)[protocol], {"timeout_s": 30})
    yield asker
    asker.end()


@pytest.fixture(params=[Client, AsyncClient])
def grpc_client(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Asker]:
    asker = Asker(request.param, server.grpc_address, {"timeout_s": 30})
    yield asker
    asker.end()


# --- inference -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_comes_back_as_it_went(client: Asker, dtype: str) -> None:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else np.dtype(dtype)
    signature = f"echo_{'half' if dtype == 'float16' else dtype}"
    for array in (np.array([DTYPES[dtype]], kind), np.array(DTYPES[dtype][0], kind), np.zeros((0, 2), kind)):
        if client.is_rest and dtype in NOT_IN_JSON:
            with pytest.raises(SalverError):
                client.predict("echo_all_dtypes", {"x": array}, signature=signature)
            continue
        found = client.predict("echo_all_dtypes", {"x": array}, signature=signature)["y"]
        assert found.dtype == array.dtype
        if client.is_rest and not array.size:  # [] says nothing of what it is a list of
            continue
        assert found.shape == array.shape
        np.testing.assert_array_equal(found, array)


def test_text_and_bytes_come_back(client: Asker) -> None:
    array = [["é", b"\xff\0"], ["", "x" * 300]]
    found = client.predict("rest_forms", {"s": array}, signature="both_strings")
    assert found["s"].tolist() == found["s_bytes"].tolist() == [["é".encode(), b"\xff\0"], [b"", b"x" * 300]]


def test_an_input_called_b64_is_an_input_like_others(client: Asker) -> None:
    assert client.predict("rest_forms", {"b64": b"abc"}, signature="b64_input")["s"].item() == b"abc"


@pytest.mark.parametrize("options", [{}, {"version": 1}, {"label": "stable"}, {"signature": "serving_default"}])
def test_versions_labels_and_signatures_are_chosen(client: Asker, options: dict[str, Any]) -> None:
    answer = client.predict("half_plus_two", {"x": [1, 2.5]}, **options)
    assert answer["y"].tolist() == [2.5, 3.25]
    assert (answer.model, answer.signature) == ("half_plus_two", "serving_default")
    assert answer.version == (None if client.is_rest else 1)


def test_outputs_are_filtered(client: Asker) -> None:
    answer = client.predict("rest_forms", {"x": [1.0, 2.0]}, signature="uneven", output_filter=["rest"])
    assert list(answer) == ["rest"]
    with pytest.raises(InvalidArgumentError, match="nothing"):
        client.predict("rest_forms", {"x": [1.0, 2.0]}, signature="uneven", output_filter=["nothing"])


@pytest.mark.parametrize(
    ("model", "options", "inputs", "code"),
    [
        ("nobody", {}, {"x": [1.0]}, Code.NOT_FOUND),
        ("half_plus_two", {"version": 9}, {"x": [1.0]}, Code.NOT_FOUND),
        ("half_plus_two", {"label": "none"}, {"x": [1.0]}, Code.INVALID_ARGUMENT),
        ("half_plus_two", {}, {"z": [1.0]}, Code.INVALID_ARGUMENT),
        ("half_plus_two", {}, {"x": ["one"]}, Code.INVALID_ARGUMENT),
    ],
)
def test_errors_have_the_servers_code_and_words(
    client: Asker, model: str, options: dict[str, Any], inputs: Any, code: Code
) -> None:
    with pytest.raises(SalverError) as failure:
        client.predict(model, inputs, **options)
    assert failure.value.code is code
    assert failure.value.message


def test_an_unknown_signature_is_a_failed_precondition_over_grpc_alone(client: Asker) -> None:
    with pytest.raises(InvalidArgumentError if client.is_rest else FailedPreconditionError, match="nothing"):
        client.predict("half_plus_two", {"x": [1.0]}, signature="nothing")


def test_examples_are_classified_and_regressed(client: Asker) -> None:
    examples = [{"x": 1.0}, {"x": 2.0, "y": [1.0]}]
    classified = client.classify("example_scorer", examples, signature="classify_x")
    assert classified.results == [
        [Label("high", 2.5), Label("low", -1.5)],
        [Label("high", 4.0), Label("low", -3.0)],
    ]
    regressed = client.regress("example_scorer", [{"x": 1.0}], context={"y": 3.0}, signature="regress_x")
    assert regressed.values.tolist() == [5.5]
    assert regressed.model == "example_scorer"


def test_several_questions_in_one_call(grpc_client: Asker) -> None:
    tasks = [InferenceTask("classify", "classify_x"), InferenceTask("regress", "regress_x")]
    classified, regressed = grpc_client.multi_inference("example_scorer", tasks, [{"x": 1.0}])
    assert classified.results == [[Label("high", 2.5), Label("low", -1.5)]]
    assert regressed.values.tolist() == [2.5]
    assert regressed.version == 1


def test_messages_may_be_larger_than_four_megabytes(client: Asker) -> None:
    image = np.random.default_rng(0).random((8, 224, 224, 3)[client.is_rest :], np.float32)
    image = image.reshape(-1, 224, 224, 3)
    answer = client.predict("image", {"image": image})
    np.testing.assert_array_equal(answer["image"], image)


def test_gzip(server: ServerProcess) -> None:
    for kind in (Client, AsyncClient):
        for address in addresses(server).values():
            asker = Asker(kind, address, {"compression": "gzip"})
            assert asker.predict("half_plus_two", {"x": np.ones(5000, "f4")})["y"].tolist() == [2.5] * 5000
            asker.end()


def test_headers_reach_the_server(client: Asker) -> None:
    options = {"headers": {"x-request-source": "test"}, "criticality": "sheddable"}
    assert client.predict("half_plus_two", {"x": [1.0]}, **options)["y"].tolist() == [2.5]


def test_threads_share_a_client_and_its_connections(server: ServerProcess) -> None:
    for address in addresses(server).values():
        with Client(address, max_connections=3) as client, ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda value: client.predict("half_plus_two", {"x": [value]})["y"][0], np.arange(64.0))
            assert list(answers) == [value / 2 + 2 for value in range(64)]
            if address.startswith("http"):
                assert len(client._transport._pool._idle) <= 3


def test_tasks_share_a_client_and_its_connections(server: ServerProcess) -> None:
    async def ask(address: str) -> None:
        async with AsyncClient(address, max_connections=3) as client:
            calls = (client.predict("half_plus_two", {"x": [float(value)]}) for value in range(64))
            answers = await asyncio.gather(*calls)
            assert [answer["y"][0] for answer in answers] == [value / 2 + 2 for value in range(64)]

    for address in addresses(server).values():
        asyncio.run(ask(address))


# --- streams ---------------------------------------------------------------------------------------------------------


def test_parts_come_one_by_one(grpc_client: Asker) -> None:
    parts = grpc_client.predict_streamed("countdown", {"x": np.int64(3)})
    assert [part["y"].tolist() for part in parts] == [[3], [2], [1]]


def test_an_error_ends_a_stream(grpc_client: Asker) -> None:
    with pytest.raises(InvalidArgumentError, match="13 is bad luck"):
        list(grpc_client.predict_streamed("countdown", {"x": np.int64(15)}))


def test_a_stream_that_is_left_ends_on_the_server(server: ServerProcess, folder: Path) -> None:
    log = folder / "countdown.log"
    with Client(server.grpc_address) as client:
        parts = client.predict_streamed("countdown", {"x": np.int64(10**9)})
        assert next(parts)["y"].tolist() == [10**9]
        parts.close()
        wait_until(lambda: log.read_text().endswith("left\n"), 30, "the servable being left")


def test_a_cancelled_task_ends_its_stream_on_the_server(server: ServerProcess, folder: Path) -> None:
    log = folder / "countdown.log"

    async def read_some() -> None:
        async with AsyncClient(server.grpc_address) as client:
            has_begun = asyncio.Event()

            async def read() -> None:
                async for _ in client.predict_streamed("countdown", {"x": np.int64(10**9)}):
                    has_begun.set()

            task = asyncio.create_task(read())
            await has_begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            answer = await client.predict("half_plus_two", {"x": [1.0]})
            assert answer["y"].tolist() == [2.5]

    asyncio.run(read_some())
    wait_until(lambda: log.read_text().endswith("left\n"), 30, "the servable being left")


# --- models ----------------------------------------------------------------------------------------------------------


def test_states_and_signatures(client: Asker) -> None:
    (status,) = client.model_status("half_plus_two")
    assert (status.version, status.state, status.error) == (1, VersionState.AVAILABLE, None)
    metadata = client.model_metadata("image")
    assert (metadata.model, metadata.version) == ("image", 1)
    assert str(metadata.signatures["serving_default"].inputs["image"]) == "float32 [?, 224, 224, 3]"
    with pytest.raises(NotFoundError):
        client.model_metadata("nobody")


def test_every_client_reads_the_same_signatures(server: ServerProcess) -> None:
    with Client(server.grpc_address) as grpc, Client(addresses(server)["rest"]) as rest:
        for model in ("echo_all_dtypes", "example_scorer", "image", "countdown"):
            assert grpc.model_metadata(model) == rest.model_metadata(model)


# --- time ------------------------------------------------------------------------------------------------------------


def test_the_deadline_ends_a_call(client: Asker) -> None:
    started = time.monotonic()
    with pytest.raises(DeadlineExceededError):
        client.predict("slow", {"x": [1.0]}, timeout_s=0.2)
    assert time.monotonic() - started < 15
    assert client.predict("half_plus_two", {"x": [1.0]})["y"].tolist() == [2.5]


def test_a_cancelled_call_leaves_the_client_fit_for_use(server: ServerProcess, log: SlowLog) -> None:
    async def cancel(address: str, value: float) -> None:
        async with AsyncClient(address, max_connections=1) as client:
            task = asyncio.create_task(client.predict("slow", {"x": [value]}))
            await asyncio.to_thread(log.wait_for_start, value)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            answer = await client.predict("half_plus_two", {"x": [1.0]})
            assert answer["y"].tolist() == [2.5]

    for value, address in enumerate(addresses(server).values(), 70):
        asyncio.run(cancel(address, float(value)))


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_server_that_is_away_is_unavailable(kind: type[Any], server: ServerProcess) -> None:
    for address in ("127.0.0.1:1", "http://127.0.0.1:1"):
        asker = Asker(kind, address, {"retry": RetryPolicy(max_attempts=2, initial_wait_s=0.01, max_wait_s=1)})
        with pytest.raises(UnavailableError, match="refused"):
            asker.model_status("m")
        asker.end()


def test_calls_outlast_a_restart_and_a_reload_changes_the_models(tmp_path: Path) -> None:
    """One server for both, since it takes a start of its own."""
    server = served(tmp_path, models={"half_plus_two": HALF_PLUS_TWO})
    policy = RetryPolicy(max_attempts=200, initial_wait_s=0.1, max_wait_s=0.3)
    askers = [
        Asker(kind, address, {"retry": policy, "timeout_s": 120})
        for kind in (Client, AsyncClient)
        for address in addresses(server).values()
    ]
    failures: list[BaseException] = []
    answers: list[Any] = []

    def ask(asker: Asker, what: str) -> None:
        try:
            if what == "wait":
                asker.wait_until_ready("half_plus_two")
            else:
                answers.append(asker.predict("half_plus_two", {"x": [1.0]})["y"].tolist())
        except BaseException as error:  # noqa: BLE001  # told by the test
            failures.append(error)

    def ask_while_away(what: str) -> None:
        threads = [threading.Thread(target=ask, args=(asker, what)) for asker in askers]
        for thread in threads:
            thread.start()
        server.start()
        server.wait_ready()
        for thread in threads:
            thread.join(120)

    with ExitStack() as stack:
        stack.callback(server.__exit__, None, None, None)
        ask_while_away("wait")
        ask_while_there = [asker.predict("half_plus_two", {"x": [1.0]})["y"].tolist() for asker in askers]
        server.kill()
        ask_while_away("predict")
        assert failures == []
        assert ask_while_there == answers == [[2.5]] * 4
        reload_two_models(askers[0])
    for asker in askers:
        asker.end()


def reload_two_models(asker: Asker) -> None:
    entry = f'config {{ name: "%s" base_path: "{HALF_PLUS_TWO}" model_platform: "tensorflow" }}'
    config = f"model_config_list {{ {entry % 'first'} {entry % 'second'} }}"
    assert asker.reload_config(config, metric_names=["/tensorflow/serving/request_count"], timeout_s=60)
    asker.wait_until_ready("second")
    assert asker.predict("first", {"x": [1.0]})["y"].tolist() == [2.5]
    with pytest.raises(InvalidArgumentError, match="base_path must be an absolute path"):
        asker.reload_config('model_config_list { config { name: "m" base_path: "m" model_platform: "tensorflow" } }')
    with pytest.raises(DeadlineExceededError, match="model 'nobody' is not ready within 0.5 s: Could not find"):
        asker.wait_until_ready("nobody", timeout_s=0.5)


# --- TLS -------------------------------------------------------------------------------------------------------------


class _Secured(ServerProcess):
    """A server whose REST port has TLS: it is ready when its log says so."""

    def is_answering(self, path: str) -> bool:
        del path
        return "Exporting HTTP/REST API" in self.output()


def test_mutual_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    server_id, client_id = authority.sign("server"), authority.sign("client")
    flags = [
        f"--model_base_path={HALF_PLUS_TWO}",
        "--model_name=half_plus_two",
        f"--ssl_cert_file={server_id.certificate}",
        f"--ssl_key_file={server_id.key}",
        f"--ssl_client_ca_file={authority.certificate}",
        "--rest_api_use_tls",
    ]
    known = Tls(root_certificates=authority.certificate, certificate=client_id.certificate, key=client_id.key)
    strange = [
        Tls(root_certificates=authority.certificate),  # nobody the server knows
        Tls(root_certificates=Authority(tmp_path / "other", "other").certificate),
        Tls(
            root_certificates=authority.certificate,
            certificate=client_id.certificate,
            key=client_id.key,
            server_name="elsewhere",
        ),
    ]
    with _Secured(flags, tmp_path / "server.log") as server:
        for address in (f"localhost:{server.grpc_port}", f"https://localhost:{server.rest_port}"):
            for kind in (Client, AsyncClient):
                asker = Asker(kind, address, {"tls": known})
                assert asker.predict("half_plus_two", {"x": [1.0]})["y"].tolist() == [2.5]
                asker.end()
                for tls in strange:
                    asker = Asker(kind, address, {"tls": tls, "retry": None, "timeout_s": 20})
                    with pytest.raises(UnavailableError):
                        asker.predict("half_plus_two", {"x": [1.0]})
                    asker.end()
        named = f"https://127.0.0.1:{server.rest_port}"
        tls = Tls(
            root_certificates=authority.certificate,
            certificate=client_id.certificate,
            key=client_id.key,
            server_name="localhost",
        )
        with Client(named, tls=tls) as client:
            assert client.predict("half_plus_two", {"x": [1.0]})["y"].tolist() == [2.5]
