"""Versions and base paths that come, go and break on disk while requests flow."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, ModelEntry, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(180)

FLAGS = (
    "--file_system_poll_wait_seconds=1",
    "--max_num_load_retries=1",
    "--load_retry_interval_micros=100000",
    "--allow_version_labels_for_unavailable_models",
)
SOURCE = HALF_PLUS_TWO / "1"
ALL = "model_version_policy { all {} }"
StartServer = Callable[..., ServerProcess]


def versions(server: ServerProcess, model: str) -> dict[int, str]:
    """State of every version of a model that the server has seen."""
    reply = server.get(f"/v1/models/{model}")
    if reply.status == 404:
        return {}
    return {int(one["version"]): one["state"] for one in reply.json()["model_version_status"]}


def serving(server: ServerProcess, model: str) -> list[int]:
    return sorted(version for version, state in versions(server, model).items() if state == "AVAILABLE")


def wait_for_versions(server: ServerProcess, model: str, expected: list[int]) -> None:
    wait_until(
        lambda: serving(server, model) == expected, 40, f"{model} to serve {expected}: {versions(server, model)}"
    )


def wait_for_states(server: ServerProcess, model: str, expected: dict[int, str]) -> None:
    """An unload goes on after the version has left the table: wait for exactly these states of all versions."""
    wait_until(lambda: versions(server, model) == expected, 40, f"{model} in {expected}: {versions(server, model)}")


def add_version(base_path: Path, version: int) -> None:
    """Copy a version in as a careful operator does: under another name, then renamed."""
    base_path.mkdir(exist_ok=True)
    copied = base_path / f"incoming-{version}"
    shutil.copytree(SOURCE, copied)
    copied.rename(base_path / str(version))


def load_on(server: ServerProcess, model: str = "healthy") -> Load:
    """Constant load on both protocols for a model that must not notice anything."""
    load = Load()
    request = half_plus_two_request(1.0, 5.0, model=model)
    load.add_grpc(server.grpc_address, wire.PREDICT, request, is_half_plus_two(1.0, 5.0))
    body, path = b'{"inputs": [1.0, 5.0]}', f"/v1/models/{model}:predict"
    return load.add_rest(server.rest_port, path, body, lambda answer: b"2.5" in answer and b"4.5" in answer)


@pytest.fixture
def base_path(tmp_path: Path) -> Path:
    path = tmp_path / "healthy"
    add_version(path, 1)
    return path


def test_a_new_version_replaces_the_old_without_a_failed_request(start_server: StartServer, base_path: Path) -> None:
    server = start_server(*FLAGS, models={"healthy": base_path})
    with load_on(server) as load:
        load.wait_for(5)
        add_version(base_path, 2)
        wait_for_versions(server, "healthy", [2])
        load.wait_for(5)
    load.assert_no_failures()
    wait_for_states(server, "healthy", {1: "END", 2: "AVAILABLE"})


def test_a_version_that_is_copied_in_slowly_is_not_loaded_before_it_is_whole(
    start_server: StartServer, base_path: Path
) -> None:
    server = start_server(*FLAGS, models={"healthy": base_path})
    with load_on(server) as load:
        load.wait_for(5)
        copy_slowly(SOURCE, base_path / "2", pause_s=0.4)
        wait_for_versions(server, "healthy", [2])
        load.wait_for(5)
    load.assert_no_failures()
    assert "failed" not in server.output().lower(), server.output()


def copy_slowly(source: Path, target: Path, *, pause_s: float) -> None:
    """As `cp -r` over a slow network: piece by piece, the graph first, in place."""
    files = sorted(
        (path for path in source.rglob("*") if path.is_file()), key=lambda path: path.name != "saved_model.pb"
    )
    for file in files:
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        data = file.read_bytes()
        with place.open("wb") as sink:
            for start in range(0, len(data), max(1, len(data) // 2)):
                sink.write(data[start : start + max(1, len(data) // 2)])
                sink.flush()
                # The slow writer is what is tested: there is nothing to wait on.
                time.sleep(pause_s)


def test_a_deleted_version_is_unloaded_and_the_rest_goes_on(start_server: StartServer, base_path: Path) -> None:
    add_version(base_path, 2)
    server = start_server(*FLAGS, models={"healthy": ModelEntry(base_path, ALL)})
    wait_for_versions(server, "healthy", [1, 2])
    with load_on(server) as load:
        load.wait_for(5)
        shutil.rmtree(base_path / "2")
        wait_for_versions(server, "healthy", [1])
        load.wait_for(5)
    load.assert_no_failures()
    wait_for_states(server, "healthy", {1: "AVAILABLE", 2: "END"})


def test_a_corrupt_version_shows_its_error_and_the_old_one_goes_on(start_server: StartServer, base_path: Path) -> None:
    server = start_server(*FLAGS, models={"healthy": base_path})
    with load_on(server) as load:
        load.wait_for(5)
        broken = base_path / "incoming"
        shutil.copytree(SOURCE, broken)
        (broken / "saved_model.pb").write_bytes(b"\xff\xff this is no graph \x00" * 20)
        broken.rename(base_path / "2")
        wait_until(lambda: versions(server, "healthy").get(2) == "END", 40, "version 2 to have failed")
        load.wait_for(5)
    load.assert_no_failures()
    newest, old = server.get("/v1/models/healthy").json()["model_version_status"]
    assert old["state"] == "AVAILABLE"
    assert newest["status"]["error_code"] not in ("OK", "UNKNOWN")
    assert newest["status"]["error_message"]
    assert str(base_path) not in newest["status"]["error_message"], "a server path in an answer"


def test_a_version_without_its_variables_fails_alone(start_server: StartServer, base_path: Path) -> None:
    server = start_server(*FLAGS, models={"healthy": base_path})
    with load_on(server) as load:
        broken = base_path / "incoming"
        shutil.copytree(SOURCE, broken)
        for file in (broken / "variables").iterdir():
            file.write_bytes(file.read_bytes()[:5])
        broken.rename(base_path / "2")
        wait_until(lambda: versions(server, "healthy").get(2) == "END", 40, "version 2 to have failed")
        load.wait_for(5)
    load.assert_no_failures()
    assert serving(server, "healthy") == [1]


def test_a_missing_base_path_affects_that_model_alone_and_may_appear_later(
    start_server: StartServer, base_path: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    server = start_server(*FLAGS, models={"healthy": base_path, "late": later}, ready_path="/v1/models/healthy")
    with load_on(server) as load:
        load.wait_for(5)
        assert server.post("/v1/models/late:predict", {"instances": [1.0]}).status in (404, 503)
        add_version(base_path, 2)
        wait_for_versions(server, "healthy", [2])
        add_version(later, 7)
        wait_for_versions(server, "late", [7])
        load.wait_for(5)
    load.assert_no_failures()
    assert server.post("/v1/models/late:predict", {"instances": [1.0]}).json() == {"predictions": [2.5]}


def test_an_empty_base_path_unloads_that_model_alone(
    start_server: StartServer, base_path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    add_version(other, 1)
    server = start_server(*FLAGS, models={"healthy": base_path, "other": other})
    with load_on(server) as load:
        load.wait_for(5)
        shutil.rmtree(other / "1")
        wait_for_versions(server, "other", [])
        load.wait_for(5)
    load.assert_no_failures()
    assert server.post("/v1/models/other:predict", {"instances": [1.0]}).status in (404, 503)


def test_directories_that_are_no_versions_are_passed_over(start_server: StartServer, base_path: Path) -> None:
    for name in ("tmp", "1.5", "v2", "-3x", ".hidden"):
        (base_path / name).mkdir()

    server = start_server(*FLAGS, models={"healthy": ModelEntry(base_path, ALL)})

    assert versions(server, "healthy") == {1: "AVAILABLE"}
