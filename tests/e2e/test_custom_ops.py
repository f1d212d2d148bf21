"""Operations that an operator brings, behind a real server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.custom_op import BUILD_LIMIT_S, build_library, run_compiler
from tests.support.models import HALF_PLUS_TWO, MODELS, config_file
from tests.support.server_process import START_LIMIT_S, ServerProcess

pytestmark = pytest.mark.timeout(BUILD_LIMIT_S + START_LIMIT_S)
StartServer = Callable[..., ServerProcess]
MODEL = {"half_minus_two": MODELS / "custom_op"}
PREDICT = "/v1/models/half_minus_two:predict"


@pytest.fixture(scope="session")
def library() -> Path:
    return build_library()


def failed_start(tmp_path: Path, libraries: str) -> str:
    """What a server says that must not start with these libraries."""
    flags = (f"--model_config_file={config_file(tmp_path, {'m': HALF_PLUS_TWO})}", f"--custom_op_libraries={libraries}")
    server = ServerProcess(flags, tmp_path / "failed.log")
    server.start()
    try:
        assert server.wait(START_LIMIT_S) == 255
    finally:
        server.kill()
    return server.output()


def test_a_model_with_the_operation_is_served(start_server: StartServer, library: Path) -> None:
    server = start_server(f"--custom_op_libraries={library}", models=MODEL)
    assert server.post(PREDICT, {"instances": [1.0, 2.0, 5.0]}).json() == {"predictions": [-1.5, -1.0, 0.5]}


def test_a_library_that_is_listed_twice_does_no_harm(start_server: StartServer, library: Path) -> None:
    server = start_server(f"--custom_op_libraries={library},{library}", models=MODEL)
    assert server.post(PREDICT, {"instances": [[1.0], [2.0]]}).json() == {"predictions": [[-1.5], [-1.0]]}


def test_without_the_library_the_load_fails_and_names_the_operation(start_server: StartServer) -> None:
    server = start_server(models=MODEL)
    (version,) = server.get("/v1/models/half_minus_two").json()["model_version_status"]
    assert version["state"] != "AVAILABLE"
    assert "SalverSubtract" in version["status"]["error_message"]
    assert str(MODELS) not in version["status"]["error_message"]


def test_a_missing_library_fails_the_start_and_is_named(tmp_path: Path) -> None:
    assert "custom_op_libraries: there is no file /nowhere/ops.so" in failed_start(tmp_path, "/nowhere/ops.so")


def test_a_file_that_is_no_library_fails_the_start_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "text.so"
    file.write_text("no library\n")
    said = failed_start(tmp_path, str(file))
    assert "cannot load operations of text.so" in said
    assert "Traceback" not in said


def test_a_library_with_an_undefined_symbol_fails_the_start_with_its_name(tmp_path: Path) -> None:
    source = tmp_path / "undefined.cc"
    source.write_text('extern "C" int salver_no_such_function(); int made = salver_no_such_function();\n')
    run_compiler(source, tmp_path / "undefined.so")
    said = failed_start(tmp_path, str(tmp_path / "undefined.so"))
    assert "cannot load operations of undefined.so" in said
    assert "salver_no_such_function" in said
