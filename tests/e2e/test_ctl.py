"""`salver ctl` and a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.models import HALF_PLUS_TWO, ROOT, config_file
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
MODELS = {"half_plus_two": HALF_PLUS_TWO}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "salver", "ctl", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "python"), "COLUMNS": "200"}


def ctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=90, check=False, env=environment()
    )


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose models are changed by these tests, each of which leaves it as it found it."""
    folder = tmp_path_factory.mktemp("server")
    flags = (f"--model_config_file={config_file(folder, MODELS)}",)
    with ServerProcess(flags, folder / "server.log", has_admin_port=True) as process:
        yield process
        process.assert_alive()


@pytest.fixture
def ask(changed: ServerProcess) -> Callable[..., str]:
    """Run a command that must succeed, and return what it said."""

    def run(*arguments: str) -> str:
        done = ctl(*arguments, f"--address=127.0.0.1:{changed.admin_port}")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def two_versions(tmp_path: Path) -> Path:
    """A base path with versions 1 and 2."""
    for version in ("1", "2"):
        shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "ranker" / version)
    return tmp_path / "ranker"


def predict(server: ServerProcess, path: str) -> Any:
    return server.post(f"/v1/models/{path}:predict", {"instances": [1.0, 2.0]}).json()


def test_a_model_comes_moves_its_label_and_goes(changed: ServerProcess, ask: Callable[..., str], two_versions: Path):
    said = ask("load", "ranker", str(two_versions), "--versions=all", "--label=stable=1")
    assert "+ /models/ranker" in said
    assert "stable=1" in said
    assert predict(changed, "ranker/labels/stable") == {"predictions": [2.5, 3.0]}
    assert "~ /models/ranker/version_labels/stable  1 -> 2" in ask("label", "ranker", "stable=2", "canary=1")
    described = json.loads(ask("describe", "ranker", "--json"))
    assert {one["version"]: (one["state"], one["labels"]) for one in described["versions"]} == {
        1: ("AVAILABLE", ["canary"]),
        2: ("AVAILABLE", ["stable"]),
    }
    assert "serving_default  tensorflow/serving/predict" in ask("describe", "ranker")
    assert "- /models/ranker/version_labels/canary" in ask("label", "ranker", "canary-")
    ask("unload", "ranker", "--yes")
    assert changed.post("/v1/models/ranker:predict", {"instances": [1.0]}).status == 404
    audited = ask("audit", "--limit=4")
    assert "DELETE /v1/models/ranker" in audited
    assert "(salver ctl)" in audited


def test_a_pinned_model_stays_at_its_version(changed: ServerProcess, ask: Callable[..., str], two_versions: Path):
    ask("load", "pinned", str(two_versions))
    try:
        ask("pin", "pinned", "1")
        assert "pinned (pinned)" in ask("models", "pin*")
        wait_until(lambda: served(ask, "pinned") == [1], 30, "version 1 alone")
        ask("unpin", "pinned")
        wait_until(lambda: served(ask, "pinned") == [2], 30, "version 2 alone")
        assert ask("reload", "pinned", "--version=2").startswith("pinned\n")
        wait_until(lambda: served(ask, "pinned") == [2], 30, "version 2 again")
    finally:
        ask("unload", "pinned")


def served(ask: Callable[..., str], model: str) -> list[int]:
    versions = json.loads(ask("describe", model, "--json"))["versions"]
    return [one["version"] for one in versions if one["state"] == "AVAILABLE"]


def test_a_dry_run_and_a_lost_update_change_nothing(
    changed: ServerProcess, ask: Callable[..., str], two_versions: Path
):
    before = json.loads(ask("status", "--json"))
    assert "A dry run: nothing was changed." in ask("load", "dry", str(two_versions), "--dry-run")
    stale = ctl("unload", "half_plus_two", "--if-match=0-stale", f"--address=127.0.0.1:{changed.admin_port}")
    assert stale.returncode == 1
    assert stale.stderr.startswith("Error: ")
    after = json.loads(ask("status", "--json"))
    assert after["server"]["etag"] == before["server"]["etag"]
    assert [model["name"] for model in after["models"]] == ["half_plus_two"]


def test_a_model_that_cannot_be_loaded_says_why(changed: ServerProcess, ask: Callable[..., str], tmp_path: Path):
    done = ctl("load", "broken", str(tmp_path / "nowhere"), f"--address=127.0.0.1:{changed.admin_port}")
    try:
        assert done.returncode == 1
        assert "broken" in done.stderr
        assert "broken: " in ask("status")
        assert json.loads(ask("models", "--state=failed", "--json"))["models"][0]["name"] == "broken"
    finally:
        ask("unload", "broken")


def test_events_are_followed_as_they_happen(changed: ServerProcess, ask: Callable[..., str], two_versions: Path):
    follow = command("events", "--follow", "--json", "--model=seen", f"--address=127.0.0.1:{changed.admin_port}")
    watching = subprocess.Popen(follow, stdout=subprocess.PIPE, text=True, env=environment())
    try:
        ask("load", "seen", str(two_versions))
        states = []
        assert watching.stdout is not None
        while "AVAILABLE" not in states:
            event = json.loads(watching.stdout.readline())
            if event["type"] == "state":
                assert event["model"] == "seen"
                states.append(event["state"])
    finally:
        watching.terminate()
        watching.communicate(timeout=30)
        ask("unload", "seen")
    assert "seen 2  AVAILABLE" in ask("events", "--model=seen", "--type=state")


def test_unknown_model_names_the_nearest(changed: ServerProcess):
    for arguments in (["describe", "half_plus_tow"], ["unload", "half_plus_tow"], ["batching", "half_plus_tow"]):
        done = ctl(*arguments, f"--address=127.0.0.1:{changed.admin_port}")
        assert (done.returncode, done.stdout) == (1, "")
        assert "half_plus_tow; did you mean half_plus_two?" in done.stderr


def test_drain_ends_the_server(start_server: StartServer):
    server = start_server(models=MODELS, has_admin_port=True)
    done = ctl("drain", f"--address=127.0.0.1:{server.admin_port}")
    assert (done.returncode, done.stdout) == (0, "The server drains.\n")
    assert server.wait() == 0, server.output()


def test_it_says_what_it_met_where_there_is_no_admin_listener(start_server: StartServer):
    server = start_server(models=MODELS)
    for port in (server.grpc_port, server.rest_port):
        done = ctl("status", f"--address=127.0.0.1:{port}")
        assert (done.returncode, done.stdout) == (1, "")
        assert f"127.0.0.1:{port} " in done.stderr
        assert "is no admin listener" in done.stderr
    done = ctl("status", f"--address=127.0.0.1:{server.admin_port}")
    assert done.returncode == 1
    assert f"no admin listener at 127.0.0.1:{server.admin_port} (Connection refused)" in done.stderr
