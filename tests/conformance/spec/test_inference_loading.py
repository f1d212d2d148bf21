"""inference.md sections 12 and 13: loading and warm-up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import warmup_file, wire
from tests.support.models import HALF_PLUS_TWO, MODELS, PYTHON_MODELS, ModelEntry, half_plus_two_request
from tests.support.server_process import ServerProcess, served, wait_until
from tests.support.spec_tables import Case, Rest, Table

StartServer = Callable[..., ServerProcess]
COUNTER = MODELS / "counter"


def status(server: ServerProcess, model: str, version: int = 1) -> tuple[str, str, str]:
    """State, code and message of a version."""
    found = server.get(f"/v1/models/{model}/versions/{version}").json()["model_version_status"][0]
    return found["state"], found["status"]["error_code"], found["status"]["error_message"]


def counter_step(step: int) -> bytes:
    """A PredictRequest that adds to the counter."""
    tensor = wire.number(1, 9) + wire.chunk(2, b"") + wire.number(10, step)
    entry = wire.chunk(1, b"step") + wire.chunk(2, tensor)
    return wire.chunk(1, wire.chunk(1, b"another name")) + wire.chunk(2, entry)


HALF_REQUEST = half_plus_two_request(1.0)
EXAMPLES = wire.chunk(2, wire.chunk(1, wire.chunk(1, b"")))  # input { example_list { examples {} } }
SCORER = wire.chunk(1, wire.chunk(1, b"m") + wire.chunk(3, b"classify_x"))
REGRESSOR = wire.chunk(1, wire.chunk(1, b"m") + wire.chunk(3, b"regress_x"))
TASK = wire.chunk(1, SCORER + wire.chunk(2, b"tensorflow/serving/classify"))
GOOD = warmup_file.log(warmup_file.PREDICT, HALF_REQUEST)

# name: model, what to write as a warm-up file (records, or bytes as they are)
WARMED: dict[str, tuple[str, list[bytes] | bytes]] = {
    "predict": ("half_plus_two", [GOOD, GOOD]),
    "classify": ("example_scorer", [warmup_file.log(warmup_file.CLASSIFY, SCORER + EXAMPLES)]),
    "regress": ("example_scorer", [warmup_file.log(warmup_file.REGRESS, REGRESSOR + EXAMPLES)]),
    "multi": ("example_scorer", [warmup_file.log(warmup_file.MULTI_INFERENCE, TASK + EXAMPLES)]),
    "session_run": ("half_plus_two", [warmup_file.log(warmup_file.SESSION_RUN, HALF_REQUEST)]),
    "no_type": ("half_plus_two", [b"", GOOD]),
    "counted": ("counter", [warmup_file.log(warmup_file.PREDICT, counter_step(5))] * 3),
    "thousand": ("half_plus_two", [b""] * 1000),
    "thousand_and_one": ("half_plus_two", [b""] * 1001),
    "unparsable": ("half_plus_two", [GOOD, b"\x0a\xff"]),
    "no_records": ("half_plus_two", b"this is no TFRecord file, but long enough for a header"),
    "wrong_sum": ("half_plus_two", warmup_file.record(GOOD)[:-1] + b"\x00"),
    "fails": ("half_plus_two", [warmup_file.log(warmup_file.PREDICT, wire.chunk(1, wire.chunk(3, b"none")))]),
    "empty": ("half_plus_two", b""),
}


def copy(model: str, version: Path) -> Path:
    shutil.copytree(MODELS / model / "1", version)
    return version


def make_warmed(folder: Path) -> dict[str, Path | ModelEntry]:
    models: dict[str, Path | ModelEntry] = {}
    for name, (model, content) in WARMED.items():
        version = copy(model, folder / f"warm_{name}" / "1")
        warmup_file.write(version, content if isinstance(content, list) else [])
        if isinstance(content, bytes):
            (version / warmup_file.NAME).write_bytes(content)
        models[f"warm_{name}"] = version.parent
    return models


def make_odd(folder: Path) -> dict[str, Path | ModelEntry]:
    """Directories that are no models, or are in an odd way."""
    for name in ("nothing", "old_bundle"):
        (folder / name / "1").mkdir(parents=True)
    (folder / "nothing" / "1" / "readme.txt").write_text("no model here")
    (folder / "old_bundle" / "1" / "export.meta").write_bytes(b"x")
    configured = copy("half_plus_two", folder / "configured" / "1") / "assets.extra" / "saved_model_config.pb"
    configured.parent.mkdir()
    configured.write_bytes(b"\xff\xff\xff")
    names = ("nothing", "old_bundle", "configured")
    return {name: folder / name for name in names}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("loaded")
    models = make_odd(folder) | make_warmed(folder)
    for name in ("half_plus_two", "text_format", "lookup", "two_tag_sets", "ref_variables"):
        models[name] = MODELS / name
    with served(folder, "--max_num_load_retries=0", models=models, ready_path="/livez") as process:
        yield process


LOADING = Table(
    "inference",
    "12",
    "Loading",
    13,
    elsewhere={
        6: "inference-12-row-5: the words of the lookup come from an asset",
        10: "tests/unit/core: a limit of memory refuses with RESOURCE_EXHAUSTED",
        12: "metadata for one tool's use; nothing serves it",
        13: "loads are not limited to one thread here: tests/unit/core",
    },
)


@LOADING.each(
    Case(1, "half_plus_two"),
    Case(1, "text_format"),
    Case(4, "two_tag_sets"),
    Case(5, "lookup"),
    Case(5, "ref_variables"),
    Case(11, "configured"),
)
def test_loaded(loaded: ServerProcess, case: Case) -> None:
    assert status(loaded, case.what) == ("AVAILABLE", "OK", "")


@LOADING.each(
    Rest(5, "variables are restored", path="half_plus_two", body='{"inputs": 1.0}', json={"outputs": 2.5}),
    Rest(5, "tables are filled", path="lookup", body='{"inputs": ["one", "two", "ten"]}', json={"outputs": [1, 2, -1]}),
    Rest(4, "the tags are matched as a set", path="two_tag_sets", body='{"inputs": [1.0]}', json={"outputs": [2.0]}),
)
def test_runs(loaded: ServerProcess, case: Rest) -> None:
    assert loaded.post(f"/v1/models/{case.path}:predict", case.body).json() == case.json


@LOADING.row(2, "a directory without a model is NOT_FOUND")
def test_no_model(loaded: ServerProcess) -> None:
    assert status(loaded, "nothing")[:2] == ("END", "NOT_FOUND")


@LOADING.row(3, "the old bundle format is UNIMPLEMENTED")
def test_old_bundle(loaded: ServerProcess) -> None:
    assert status(loaded, "old_bundle")[:2] == ("END", "UNIMPLEMENTED")


@LOADING.row(4, "no meta graph with these tags is NOT_FOUND, and lists them")
def test_no_such_tags(start: StartServer) -> None:
    models = {"two_tag_sets": MODELS / "two_tag_sets"}
    server = start("--saved_model_tags=serve,tpu", "--max_num_load_retries=0", models=models, ready_path="/livez")
    state, code, message = status(server, "two_tag_sets")
    assert (state, code) == ("END", "NOT_FOUND")
    assert "tpu" in message


@LOADING.row(7, "--saved_model_tags chooses")
@pytest.mark.parametrize("tags", ["serve,gpu", "gpu,serve"])
def test_tags(start: StartServer, tags: str) -> None:
    server = start(f"--saved_model_tags={tags}", models={"two_tag_sets": MODELS / "two_tag_sets"})
    assert server.post("/v1/models/two_tag_sets:predict", '{"inputs": [1.0]}').json() == {"outputs": [3.0]}


@LOADING.row(8, "a failed load is tried again")
def test_retries(tmp_path: Path) -> None:
    flags = ("--max_num_load_retries=2", "--load_retry_interval_micros=1000")
    models = {"broken": MODELS / "corrupt_truncated"}
    with served(tmp_path, *flags, models=models, ready_path="/livez") as process:
        wait_until(lambda: status(process, "broken")[0] == "END", 30, "the retries to end")
        for retry in (1, 2):
            assert f"Retrying of Loading servable: {{name: broken version: 1}} retry: {retry}" in process.output()


@LOADING.row(9, "after the last failure a version is END until it has been gone")
def test_mended(tmp_path: Path) -> None:
    version = copy("corrupt_truncated", tmp_path / "mended" / "1")
    flags = ("--max_num_load_retries=0", "--file_system_poll_wait_seconds=1")
    with served(tmp_path, *flags, models={"mended": version.parent}, ready_path="/livez") as process:
        assert status(process, "mended")[0] == "END"
        version.rename(tmp_path / "aside")
        wait_until(lambda: "No versions of servable mended" in process.output(), 40, "the server to see it")
        copy("half_plus_two", tmp_path / "incoming").rename(version)
        wait_until(lambda: status(process, "mended")[0] == "AVAILABLE", 40, "the mended version")


# --- 13 --------------------------------------------------------------------------------------------------------------

WARMUP = Table(
    "inference",
    "13",
    "Warm-up",
    13,
    elsewhere={
        8: "inference-13-row-3, with the flag",
        9: "platform configuration only; no effect that a client sees",
        13: "in-graph batching of another runtime",
    },
)


@WARMUP.each(
    Case(1, "empty"),
    Case(2, "predict"),
    Case(3, "predict"),
    Case(4, "classify"),
    Case(4, "regress"),
    Case(4, "multi"),
    Case(6, "no_type"),
    Case(7, "predict"),
    Case(10, "thousand"),
)
def test_warmed(loaded: ServerProcess, case: Case) -> None:
    assert status(loaded, f"warm_{case.what}") == ("AVAILABLE", "OK", "")


@WARMUP.each(
    Rest(5, "session_run", json="UNIMPLEMENTED"),
    Rest(10, "thousand_and_one", json="INVALID_ARGUMENT"),
    Rest(11, "unparsable", json="INVALID_ARGUMENT"),
    Rest(12, "no_records", json="DATA_LOSS"),
    Rest(12, "wrong_sum", json="DATA_LOSS"),
    Rest(12, "fails", json="FAILED_PRECONDITION"),
)
def test_not_warmed(loaded: ServerProcess, case: Rest) -> None:
    assert status(loaded, f"warm_{case.what}")[:2] == ("END", case.json)


@WARMUP.row(3, "records run before the version serves")
def test_records_run(loaded: ServerProcess) -> None:
    assert loaded.post("/v1/models/warm_counted:predict", '{"inputs": 0}').json() == {"outputs": 15}


@WARMUP.row(3, "each as often as --num_request_iterations_for_warmup says; --enable_model_warmup=false: never")
@pytest.mark.parametrize(
    ("flag", "total"), [("--num_request_iterations_for_warmup=4", 60), ("--enable_model_warmup=false", 0)]
)
def test_flags(start: StartServer, tmp_path: Path, flag: str, total: int) -> None:
    version = copy("counter", tmp_path / "counted" / "1")
    warmup_file.write(version, [warmup_file.log(warmup_file.PREDICT, counter_step(5))] * 3)
    server = start(flag, models={"counted": version.parent})
    assert server.post("/v1/models/counted:predict", '{"inputs": 0}').json() == {"outputs": total}


STATES = Table("inference", "12-states", "What a version shows while it loads", 1)


@STATES.row(1, "LOADING, then AVAILABLE")
def test_states(start: StartServer, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    models = {"half_plus_two": HALF_PLUS_TWO, "gated": ModelEntry(PYTHON_MODELS / "gated", platform="python")}
    server = start("--serve_while_loading", models=models, environment={"GATE": str(gate)}, ready_path="/livez")
    wait_until(lambda: b"LOADING" in server.get("/v1/models/gated").body, 30, "the load to begin")
    gate.write_text("")
    wait_until(lambda: b"AVAILABLE" in server.get("/v1/models/gated").body, 30, "the load to end")
