"""One model after the other changed on a real server, with real models on disk, through its admin port."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import HttpReply, ServerProcess, exchange, served, status_of
from tests.support.wire import PREDICT

pytestmark = pytest.mark.timeout(180)
WAIT = "wait_s=30"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("admin")
    with served(folder, models={"half_plus_two": HALF_PLUS_TWO}, has_admin_port=True) as running:
        yield running


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "ranker"
    for version in (1, 2):
        shutil.copytree(HALF_PLUS_TWO / "1", path / str(version))
    return path


def ask(server: ServerProcess, method: str, path: str, body: Any = None, **headers: str) -> HttpReply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(server.admin_port, method, path, body, headers=named, limit_s=60)


def done(server: ServerProcess, method: str, path: str, body: Any = None, **headers: str) -> Any:
    answer = ask(server, method, path, body, **headers)
    assert answer.status in {200, 201}, answer.body
    return answer.json()


def versions(model: Any) -> dict[int, str]:
    return {one["version"]: one["state"] for one in model["versions"]}


def predicts(server: ServerProcess, version: int | None = None) -> bool:
    answer = server.call(PREDICT, half_plus_two_request(1.0, 5.0, model="ranker", version=version))
    return is_half_plus_two(1.0, 5.0)(answer)


def test_life_of_a_model(server: ServerProcess, base: Path) -> None:
    spec = {"name": "ranker", "base_path": str(base), "version_policy": {"all": {}}}
    assert not done(server, "POST", "/v1/models?dry_run=true", spec)["model"]
    assert ask(server, "GET", "/v1/models/ranker").status == 404

    added = done(server, "POST", f"/v1/models?{WAIT}", spec, x_salver_actor="alice")
    assert versions(added["model"]) == {1: "AVAILABLE", 2: "AVAILABLE"}
    assert predicts(server, 1)
    assert added["model"]["versions"][0]["load_s"] > 0
    assert added["model"]["memory_bytes"] > 0

    stable = "/v1/models/ranker/labels/stable"
    done(server, "PUT", stable, {"version": 1})
    moved = done(server, "PUT", stable, {"version": 2}, if_match=f'"{done(server, "GET", "/v1/models")["etag"]}"')
    assert [(one["before"], one["after"]) for one in moved["diff"]] == [(1, 2)]
    late = ask(server, "DELETE", stable, if_match=f'"{added["etag"]}"')
    assert (late.status, late.json()["code"]) == (412, "ABORTED")
    assert server.get("/v1/models/ranker/labels/stable").status == 200

    refused = ask(server, "POST", "/v1/models/ranker:pin", {"version": 1})
    assert "label stable names version 2" in refused.json()["error"]
    pinned = done(server, "POST", f"/v1/models/ranker:pin?{WAIT}", {"version": 2})
    assert versions(pinned["model"])[2] == "AVAILABLE"
    assert pinned["model"]["is_pinned"]
    unpinned = done(server, "POST", f"/v1/models/ranker:unpin?{WAIT}")
    assert versions(unpinned["model"]) == {1: "AVAILABLE", 2: "AVAILABLE"}

    before = versions(unpinned["model"])
    since = {one["version"]: one["since"] for one in unpinned["model"]["versions"]}
    again = done(server, "POST", f"/v1/models/ranker/versions/2:reload?{WAIT}")["model"]
    assert versions(again) == before
    changed = {one["version"] for one in again["versions"] if one["since"] != since[one["version"]]}
    assert changed == {2}

    described = done(server, "GET", "/v1/models/ranker/versions/2")
    assert described["signatures"]["serving_default"]["inputs"] == {"x": {"dtype": "DT_FLOAT", "shape": [-1]}}
    assert described["num_requests"] == 0
    assert predicts(server, 2)
    assert done(server, "GET", "/v1/models/ranker/versions/2")["num_requests"] == 1

    assert done(server, "DELETE", f"/v1/models/ranker?{WAIT}")["model"] is None
    assert status_of(lambda: predicts(server))[0] == "NOT_FOUND"
    (entry,) = (one for one in done(server, "GET", "/v1/audit")["audit"] if one["actor"] == "alice")
    assert (entry["request"], entry["address"].rpartition(":")[0]) == ("POST /v1/models", "127.0.0.1")
    line = f'salver.audit POST /v1/models by "alice" from {entry["address"]}: OK: add /models/ranker'
    assert line in server.output()


def test_a_broken_version_is_mended_and_tried_again(server: ServerProcess, tmp_path: Path) -> None:
    base = tmp_path / "tagger"
    shutil.copytree(HALF_PLUS_TWO / "1", base / "1")
    graph = base / "1" / "saved_model.pb"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:100])
    model = done(server, "POST", f"/v1/models?{WAIT}", {"name": "tagger", "base_path": str(base)})["model"]
    assert (model["status"], versions(model)) == ("FAILED", {1: "END"})
    assert model["versions"][0]["num_failed_loads"] >= 1
    assert str(tmp_path) not in model["reason"]["message"]
    graph.write_bytes(whole)
    retried = ask(server, "POST", f"/v1/models/tagger/versions/1:retry?{WAIT}")
    # It may have been tried again of itself meanwhile.
    assert retried.status == 200 or retried.json()["code"] == "FAILED_PRECONDITION"
    model = done(server, "POST", f"/v1/models/tagger:reload?{WAIT}")["model"]
    assert (model["status"], model["reason"]) == ("AVAILABLE", None)
    done(server, "DELETE", f"/v1/models/tagger?{WAIT}")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/v1/models", {"name": "m"}, 400, "the body has no base_path"),
        ("POST", "/v1/models", {"name": "half_plus_two", "base_path": "/m"}, 409, "There is a model half_plus_two"),
        ("POST", "/v1/models?dryrun=true", {"name": "m", "base_path": "/m"}, 400, "did you mean dry_run?"),
        ("POST", "/v1/models", "{", 400, "the body is no JSON"),
        ("PATCH", "/v1/models/half_plus_tow", {}, 404, "did you mean half_plus_two?"),
        ("PATCH", "/v1/models/half_plus_two", {"platform": "python"}, 400, "Illegal to change a model's platform"),
        ("PUT", "/v1/models/half_plus_two/labels/x", {"version": 7}, 400, "not currently available"),
        ("POST", "/v1/models/half_plus_two:pin", {}, 400, "the body has no version"),
        ("POST", "/v1/models/half_plus_two:unpinn", {}, 405, "takes DELETE, GET, PATCH"),
        ("POST", "/v1/models/half_plus_two/versions/1:retry", None, 400, "only a failed one is retried"),
        ("POST", "/v1/models/half_plus_two/versions/one:reload", None, 400, "a version must be a whole number"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(
    server: ServerProcess, method: str, path: str, body: Any, status: int, message: str
) -> None:
    before = done(server, "GET", "/v1/models")["etag"]
    answer = ask(server, method, path, body)
    assert (answer.status, message in answer.json()["error"]) == (status, True), answer.body
    assert done(server, "GET", "/v1/models")["etag"] == before
