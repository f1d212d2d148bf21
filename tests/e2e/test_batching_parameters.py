"""Files of batching parameters that change under a running server."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import wire
from tests.support.metrics import METRICS_PATH, Page
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, status_of, wait_until

pytestmark = pytest.mark.timeout(120)
StartServer = Callable[..., ServerProcess]

POLL = "--batching_parameters_poll_wait_seconds=1"
APART = "adaptive: true max_batch_size { value: 1 }"
THREE_ROWS = (1.0, 2.0, 3.0)


def predict(server: ServerProcess, model: str) -> tuple[str, str]:
    """Send three rows; return the status, and check the answer if there is one."""

    def call() -> None:
        assert is_half_plus_two(*THREE_ROWS)(server.call(wire.PREDICT, half_plus_two_request(*THREE_ROWS, model=model)))

    return status_of(call)


def num_joining_runs(server: ServerProcess, model: str) -> int:
    """Send a request; return how many runs there were until now of models whose requests may share one."""
    assert predict(server, model) == ("OK", "")
    page = Page(server.get(METRICS_PATH).body.decode())
    return sum(page.values("/tensorflow/serving/batching_session/wrapped_run_count").values())


def joins(server: ServerProcess, model: str) -> bool:
    """Whether requests to this model may share a run."""
    before = num_joining_runs(server, model)
    return num_joining_runs(server, model) > before


def test_changed_file_of_the_server_holds_for_the_models_that_serve(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "batching.pbtxt"
    file.write_text(APART)
    models = {"a": HALF_PLUS_TWO, "b": HALF_PLUS_TWO}
    server = start_server("--enable_batching", f"--batching_parameters_file={file}", POLL, models=models)
    assert (joins(server, "a"), joins(server, "b")) == (False, False)
    file.write_text(f'{APART} model {{ name: "b" parameters {{ max_batch_size {{ value: 8 }} }} }}')
    wait_until(lambda: joins(server, "b"), 30, "batches of b")
    assert not joins(server, "a")
    file.write_text("weigth: 2")
    wait_until(lambda: 'did you mean "weight"?; batching stays as it is' in server.output(), 30, "the mistake")
    assert (joins(server, "a"), joins(server, "b")) == (False, True)


def test_changed_limit_holds_for_the_next_request(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "batching.pbtxt"
    file.write_text("max_batch_size { value: 4 }")
    server = start_server(
        "--enable_batching", f"--batching_parameters_file={file}", POLL, models={"half_plus_two": HALF_PLUS_TWO}
    )
    assert predict(server, "half_plus_two") == ("OK", "")
    file.write_text("max_batch_size { value: 2 }")
    refused = ("INVALID_ARGUMENT", "Task size 3 is larger than maximum input batch size 2")
    wait_until(lambda: predict(server, "half_plus_two") == refused, 30, "the refusal")


def test_file_of_a_version_comes_and_goes(start_server: StartServer, tmp_path: Path) -> None:
    shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "m" / "1")
    flags = ("--enable_batching", "--enable_per_model_batching_parameters", POLL)
    server = start_server(*flags, models={"m": tmp_path / "m"})
    assert not joins(server, "m")
    file = tmp_path / "m" / "1" / "batching_params.pbtxt"
    file.write_text("")
    wait_until(lambda: joins(server, "m"), 30, "batches")
    file.unlink()
    wait_until(lambda: not joins(server, "m"), 30, "the end of batches")
