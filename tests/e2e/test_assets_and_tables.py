"""Models with asset files and lookup tables behind a real server: answers, version swaps, and lost files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.models import MODELS
from tests.support.server_process import ServerProcess, wait_until

StartServer = Callable[..., ServerProcess]
VOCABULARY = MODELS / "vocabulary"
FAST = ("--file_system_poll_wait_seconds=1", "--load_retry_interval_micros=200000")
LIMIT_S = 40.0


def classes_and_scores(server: ServerProcess, *words: str) -> Any:
    body = {"signature_name": "classify_words", "instances": list(words)}
    return server.post("/v1/models/vocabulary:predict", body).json()


def the_version(server: ServerProcess) -> Any:
    (version,) = server.get("/v1/models/vocabulary").json()["model_version_status"]
    return version


def rows(server: ServerProcess, version: int | None = None) -> Any:
    path = "/v1/models/vocabulary" + (f"/versions/{version}" if version else "")
    return server.post(f"{path}:predict", {"instances": ["apple", "cat"]}).json()


def test_strings_come_out_of_tables(start_server: StartServer) -> None:
    server = start_server(models={"vocabulary": VOCABULARY})
    assert classes_and_scores(server, "apple", "dog") == {
        "predictions": [{"classes": ["fruit"], "scores": [3.0]}, {"classes": ["animal"], "scores": [1.0]}]
    }


def test_each_version_has_its_own_asset(start_server: StartServer, tmp_path: Path) -> None:
    base = tmp_path / "vocabulary"
    shutil.copytree(VOCABULARY / "1", base / "1")
    server = start_server(*FAST, models={"vocabulary": base})
    assert rows(server) == {"predictions": [0, 3]}

    shutil.copytree(VOCABULARY / "2", tmp_path / "2")
    (tmp_path / "2").rename(base / "2")

    wait_until(lambda: rows(server) == {"predictions": [3, 0]}, LIMIT_S, "version 2")
    shutil.rmtree(base / "2")
    wait_until(lambda: rows(server) == {"predictions": [0, 3]}, LIMIT_S, "version 1 again")


def test_a_lost_asset_fails_the_version_until_it_is_there_again(start_server: StartServer, tmp_path: Path) -> None:
    base = tmp_path / "vocabulary"
    shutil.copytree(VOCABULARY / "1", base / "1")
    asset = base / "1" / "assets" / "vocabulary.txt"
    asset.rename(tmp_path / "vocabulary.txt")
    server = start_server(*FAST, models={"vocabulary": base})

    status = wait_until(lambda: the_version(server)["status"], LIMIT_S, "the status of version 1")
    assert status["error_code"] not in {"OK", 0}
    assert "assets/vocabulary.txt" in status["error_message"]
    assert str(tmp_path) not in status["error_message"]

    (tmp_path / "vocabulary.txt").rename(asset)
    wait_until(lambda: the_version(server)["state"] == "AVAILABLE", LIMIT_S, "version 1")
    assert rows(server) == {"predictions": [0, 3]}


def test_after_the_last_attempt_a_version_ends_with_its_error(start_server: StartServer) -> None:
    server = start_server("--max_num_load_retries=0", models={"vocabulary": MODELS / "init_twice"})
    version = the_version(server)
    assert version["state"] == "END"
    assert version["status"]["error_code"] == "FAILED_PRECONDITION"
    assert "exactly one main op" in version["status"]["error_message"]


def test_tags_are_those_of_the_flag(start_server: StartServer) -> None:
    server = start_server("--saved_model_tags=gpu,serve", models={"tags": MODELS / "two_tag_sets"})
    assert server.post("/v1/models/tags:predict", {"instances": [1.0]}).json() == {"predictions": [3.0]}
