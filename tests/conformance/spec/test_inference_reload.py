"""inference.md section 10: HandleReloadConfigRequest and config files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.models import MODELS, config_file
from tests.support.server_process import ServerProcess, served, wait_until
from tests.support.spec_tables import Rpc, Table
from tests.support.stub_client import StubClient

Reload = Callable[..., None]
HALF, SWAP, BROKEN = (MODELS / name for name in ("half_plus_two", "swap", "corrupt_truncated"))
ALL = "model_version_policy { all {} }"


def entry(
    name: str = "half", path: Path | str = HALF, more: str = "", platform: str = 'model_platform: "tensorflow"'
) -> str:
    return f'config {{ name: "{name}" base_path: "{path}" {platform} {more} }} '


def listed(*entries: str) -> str:
    return f"config {{ model_config_list {{ {''.join(entries)} }} }}"


BASE = listed(entry())


@pytest.fixture(scope="module")
def reloading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("reloading")
    flags = ("--max_num_load_retries=0", "--file_system_poll_wait_seconds=1")
    with served(folder, *flags, models={"half": HALF}) as process:
        yield process


@pytest.fixture
def reload(client: StubClient, reloading: ServerProcess) -> Reload:
    """Apply a config; begins from one model, `half`."""

    def apply(request: str, code: str = "OK", *says: str, **more) -> None:
        case = Rpc(1, "reload", method="HandleReloadConfigRequest", request=request, code=code, says=says, **more)
        client.check(reloading.grpc_address, case)

    apply(BASE)
    return apply


def states(server: ServerProcess, model: str) -> dict[int, str]:
    reply = server.get(f"/v1/models/{model}")
    found = reply.json()["model_version_status"] if reply.status == 200 else []
    return {int(one["version"]): one["state"] for one in found}


CHECKS = Table(
    "inference", "10", "Checks of a reload", 10, elsewhere={2: "there is no custom config that a list could follow"}
)
BAD = "INVALID_ARGUMENT"


def refused(row: int, what: str, request: str, *says: str, code: str = BAD) -> Rpc:
    return Rpc(row, what, method="HandleReloadConfigRequest", request=request, code=code, says=says)


@CHECKS.each(
    refused(1, "no config", ""),
    refused(1, "a config without a list", "config {}"),
    refused(1, "a custom config", 'config { custom_model_config { type_url: "a/b" } }'),
    refused(3, "a name twice", listed(entry(), entry()), "half"),
    refused(4, "a relative base path", listed(entry("other", "some/where")), "other", "some/where"),
    refused(
        5,
        "another platform for a model that is served",
        listed(entry(platform='model_platform: "python"')),
        "tensorflow",
        "python",
    ),
    refused(
        6,
        "a label for a version that is not there",
        listed(entry(more='version_labels { key: "a" value: 9 }')),
        "9",
        "half",
        code="FAILED_PRECONDITION",
    ),
    refused(7, "type and platform", listed(entry("other", more="model_type: TENSORFLOW")), "other"),
    refused(7, "neither", listed(entry("other", platform="")), "other"),
    refused(7, "type OTHER", listed(entry("other", platform="model_type: OTHER")), "other"),
    refused(8, "an unknown platform", listed(entry("other", platform='model_platform: "no_such"')), "other", "no_such"),
    refused(
        9, "a new model that does not load", listed(entry(), entry("damaged", BROKEN)), "damaged", "1", code="UNKNOWN"
    ),
)
def test_checks(reload: Reload, case: Rpc) -> None:
    reload(case.request, case.code, *case.says)


@CHECKS.row(10, "a logging_config is accepted", differs="Request logging works here.")
def test_logging_config(reload: Reload, tmp_path: Path) -> None:
    logging = f'logging_config {{ log_collector_config {{ type: "tfrecord" filename_prefix: "{tmp_path}/log" }} }}'
    reload(listed(entry(more=logging)))


NOTES = Table("inference", "10-notes", "Reloads", 8, elsewhere={4: "retries are inference-12-row-8"})


@NOTES.row(1, "the new list replaces the old")
def test_replaces(reload: Reload, reloading: ServerProcess) -> None:
    reload(listed(entry("two", SWAP)))
    wait_until(lambda: states(reloading, "half") == {1: "END"}, 30, "half to be unloaded")
    assert states(reloading, "two") == {2: "AVAILABLE"}


@NOTES.row(1, "an empty list unloads everything")
def test_empty_list(reload: Reload, reloading: ServerProcess) -> None:
    reload(listed())
    wait_until(lambda: states(reloading, "half") == {1: "END"}, 30, "half to be unloaded")


@NOTES.row(2, "a new model is available when the call returns")
def test_waits(reload: Reload, reloading: ServerProcess) -> None:
    reload(listed(entry(), entry("waited_for", SWAP)))
    assert states(reloading, "waited_for") == {2: "AVAILABLE"}


@NOTES.row(2, "a change to a model that is served takes effect with polling")
def test_changes(reload: Reload, reloading: ServerProcess) -> None:
    reload(listed(entry("changing", SWAP)))
    reload(listed(entry("changing", SWAP, ALL)))
    wait_until(lambda: states(reloading, "changing") == {1: "AVAILABLE", 2: "AVAILABLE"}, 30, "version 1")


@NOTES.row(3, "a new model without versions fails the call", differs="The wait ends: no versions count as failed.")
@pytest.mark.parametrize("there", [True, False])
def test_no_versions(reload: Reload, tmp_path: Path, there: bool) -> None:
    path = tmp_path / "none"
    if there:
        path.mkdir()
    reload(listed(entry(), entry(f"none_{there}", path)), "UNKNOWN", "none")


@NOTES.row(
    5, "a reload that is refused changes nothing", differs="A config is checked whole before any of it is applied."
)
def test_refused_changes_nothing(reload: Reload, reloading: ServerProcess, client: StubClient) -> None:
    label = 'version_labels { key: "best" value: 1 }'
    reload(listed(entry(more=label)))
    worse = entry(more='version_labels { key: "best" value: 9 }')
    reload(listed(worse, entry("unwanted", SWAP)), "FAILED_PRECONDITION")
    assert states(reloading, "unwanted") == {}
    reply = reloading.post("/v1/models/half/labels/best:predict", '{"inputs": 1.0}')
    assert reply.json() == {"outputs": 2.5}


@NOTES.row(6, "the status in the answer")
def test_answer(reload: Reload) -> None:
    reload(BASE, answer="status {}")


@NOTES.row(6, "metrics: one entry for each distinct name, 0 for unknown ones")
def test_metrics(reload: Reload) -> None:
    names = 'metric_names: "/tensorflow/serving/request_count" metric_names: "/no/such" metric_names: "/no/such"'
    reload(
        f"{BASE} {names}",
        has=('metric { name: "/no/such" int64_value_increase: 0 }', '"/tensorflow/serving/request_count"'),
    )


@NOTES.row(7, "a failed model does not end the start", differs="One bad model must not stop the others.")
def test_start_with_failed_model(server: ServerProcess) -> None:
    assert states(server, "broken") == {1: "END"}
    assert states(server, "two") == {1: "AVAILABLE", 2: "AVAILABLE"}


@NOTES.row(7, "an empty config file starts without models")
def test_empty_file(tmp_path: Path, client: StubClient) -> None:
    file = tmp_path / "empty.config"
    file.write_text("")
    with ServerProcess((f"--model_config_file={file}",), tmp_path / "server.log", ready_path="/livez") as process:
        case = Rpc(7, "then", method="HandleReloadConfigRequest", request=BASE)
        client.check(process.grpc_address, case)
        assert states(process, "half") == {1: "AVAILABLE"}


@NOTES.row(
    8, "a file that is polled is applied when it has changed", differs="A reload by RPC is not undone by an old file."
)
def test_polled_file(tmp_path: Path, client: StubClient) -> None:
    file = config_file(tmp_path, {"half": HALF})
    flags = ("--model_config_file_poll_wait_seconds=1",)
    with served(tmp_path, *flags, models={"half": HALF}) as process:
        client.check(
            process.grpc_address,
            Rpc(8, "by RPC", method="HandleReloadConfigRequest", request=listed(entry(), entry("two", SWAP))),
        )
        config_file(tmp_path, {"half": HALF, "two": SWAP, "three": HALF})
        wait_until(lambda: states(process, "three") == {1: "AVAILABLE"}, 30, f"{file} to be applied")
        assert states(process, "two") == {2: "AVAILABLE"}
        file.write_text("model_config_list { config { nonsense")
        wait_until(lambda: "ModelServerConfig" in process.output(), 30, "a word about the bad file")
        assert states(process, "three") == {1: "AVAILABLE"}
