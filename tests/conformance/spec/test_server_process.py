"""server.md sections 1.1, 2 and 4: the command line, errors at start, exit codes and signals."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.models import HALF_PLUS_TWO
from tests.support.server_process import ServerProcess, free_ports, served
from tests.support.spec_tables import Case, Table

StartServer = Callable[..., ServerProcess]
MODEL = f"--model_base_path={HALF_PLUS_TWO}"


def run(*flags: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a server that ends by itself."""
    command = [sys.executable, "-m", "salver", "serve", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def write(folder: Path, text: str) -> str:
    file = folder / "file.config"
    file.write_text(text)
    return str(file)


# --- 1.1 -------------------------------------------------------------------------------------------------------------

PARSING = Table("server", "1.1", "Parsing rules", 6)


@PARSING.row(1, "--name=value, --name alone; also --name value", differs="Flags may be written as everywhere else.")
@pytest.mark.parametrize("flags", [["--enable_batching=true"], ["--enable_batching"], ["--num_runners", "2"]])
def test_forms(start: StartServer, flags: Sequence[str]) -> None:
    start(*flags).assert_alive()


@PARSING.row(2, "a bad integer fails, and the flag is named")
def test_bad_integer() -> None:
    code, out, err = run(MODEL, "--rest_api_port=8501x")
    assert code == 255
    assert "rest_api_port" in out + err
    assert "8501x" in out + err


@PARSING.row(3, "--help shows the flags", differs="It ends with 0: asking for help is no failure.")
def test_help() -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert "--model_base_path" in out


@PARSING.row(
    4, "an unknown flag ends the start", differs="A mistyped flag must not go unnoticed; the nearest one is named."
)
@pytest.mark.parametrize("flag", ["--model_base_pth=/x", "stray"])
def test_unknown_flag(flag: str) -> None:
    code, out, err = run(MODEL, flag)
    assert code == 255
    assert flag.partition("=")[0].lstrip("-") in out + err
    assert flag == "stray" or "model_base_path" in out + err


@PARSING.row(5, "the last of two wins")
def test_twice(start: StartServer) -> None:
    first, second = free_ports(2)
    server = start(f"--port={first}", f"--port={second}")
    assert f"Running gRPC ModelServer at 0.0.0.0:{second} ..." in server.output()


@PARSING.row(6, "--version ends with 0, before anything is checked", differs="One line: it is another server.")
def test_version() -> None:
    code, out, _ = run("--version", "--batching_parameters_file=/none")
    assert code == 0
    assert out.startswith("salver ")


# --- 2 ---------------------------------------------------------------------------------------------------------------

START = Table(
    "server",
    "2",
    "Errors at start",
    12,
    elsewhere={
        4: "inference-2-names",
        9: "inference-10-notes-row-8",
        10: "no thread-pool factory exists; the flag is in the table of flags without effect",
        12: "server-4-row-3: a port that is taken ends the start, of either protocol",
    },
)


def failed(result: tuple[int, str, str], *says: str) -> None:
    code, out, err = result
    assert code == 255, (out, err)
    for piece in says:
        assert piece in out + err, (out, err)


@START.row(1, "neither port nor socket")
def test_no_port() -> None:
    failed(run(MODEL, "--port=0"), "port")


@START.row(2, "ALTS and a file for TLS")
def test_alts_and_tls(tmp_path: Path) -> None:
    failed(run(MODEL, "--use_alts_credentials", f"--ssl_config_file={write(tmp_path, '')}"), "alts")


@START.row(3, "nothing to serve")
def test_nothing() -> None:
    failed(run("--port=0"), "model_base_path", "model_config_file")


@START.row(5, "no such config file")
def test_no_config_file() -> None:
    failed(run("--model_config_file=/no/such/file"), "/no/such/file")


@START.row(5, "a config file that is no text")
def test_bad_config_file(tmp_path: Path) -> None:
    file = write(tmp_path, "model_config_list { config { nme: 'a' } }")
    result = run(f"--model_config_file={file}")
    failed(result, "Error parsing text-format tensorflow.serving.ModelServerConfig", "nme")


@START.row(6, "a batching file without batching")
def test_batching_file(tmp_path: Path) -> None:
    failed(run(MODEL, f"--batching_parameters_file={write(tmp_path, '')}"), "enable_batching")


@START.row(6, "all three kinds of parallelism")
def test_parallelism() -> None:
    kinds = ("session", "intra_op", "inter_op")
    failed(run(MODEL, *(f"--tensorflow_{kind}_parallelism=2" for kind in kinds)), "tensorflow_session_parallelism")


@START.row(7, "a platform file that is no text")
def test_platform_file(tmp_path: Path) -> None:
    failed(run(MODEL, f"--platform_config_file={write(tmp_path, 'nonsense')}"), "PlatformConfigMap")


@START.row(8, "a model that failed does not end the start", differs="One bad model must not stop the others.")
def test_failed_model(server: ServerProcess) -> None:
    assert server.get("/v1/models/broken").status == 200


@START.row(11, "a monitoring file that is no text")
def test_monitoring_file(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    failed(
        run(MODEL, f"--rest_api_port={port}", f"--monitoring_config_file={write(tmp_path, 'nonsense')}"),
        "MonitoringConfig",
    )


@START.row(11, "gRPC and REST on one port", differs="The server would lack one of them; that is an error.")
def test_one_port() -> None:
    port = free_ports(1)[0]
    failed(run(MODEL, f"--port={port}", f"--rest_api_port={port}"), "port")


# --- 4 ---------------------------------------------------------------------------------------------------------------

EXIT = Table("server", "4", "Exit codes and signals", 9)


@EXIT.row(1, "a flag that cannot be parsed: 255")
def test_bad_flag() -> None:
    assert run(MODEL, "--enable_batching=maybe")[0] == 255


@EXIT.row(2, "--version: 0")
def test_version_code() -> None:
    assert run("--version")[0] == 0


@EXIT.row(3, "an error at start: one line on standard output, 255")
def test_start_error(tmp_path: Path) -> None:
    code, out, _ = run("--model_config_file=/no/such/file")
    assert code == 255
    assert out.startswith("Failed to start server. Error: ")
    assert "/no/such/file" in out


@EXIT.row(3, "a port that is taken")
def test_taken_port(server: ServerProcess) -> None:
    code, out, _ = run(MODEL, f"--port={server.grpc_port}")
    assert code == 255
    assert out.startswith("Failed to start server. Error: ")
    assert str(server.grpc_port) in out


@EXIT.each(
    Case(4, 'custom_model_config { type_url: "a/b" }', differs="An error, not an abort."),
    Case(4, "an SSLConfig that is none", differs="An error, not an abort."),
)
def test_fatal(tmp_path: Path, case: Case) -> None:
    file = write(tmp_path, case.what)
    is_tls = "SSL" in case.what
    code, out, err = run(MODEL, f"--ssl_config_file={file}") if is_tls else run(f"--model_config_file={file}")
    assert code == 255
    assert ("SSLConfig" if is_tls else "custom_model_config") in out + err


@EXIT.row(5, "a malformed channel argument is an error", differs="An error, not a crash.")
def test_channel_arguments() -> None:
    code, out, err = run(MODEL, "--grpc_channel_arguments=grpc.no_value")
    assert code == 255
    assert "grpc.no_value" in out + err


@EXIT.row(6, "a server runs until it is told to stop")
def test_runs(server: ServerProcess) -> None:
    server.assert_alive()


@EXIT.row(7, "SIGTERM and SIGINT drain, then end with 0", differs="Requests are finished; see --drain_timeout_seconds.")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path, models={"half_plus_two": HALF_PLUS_TWO}) as process:
        process.signal(number)
        assert process.wait() == 0


@EXIT.row(8, "SIGPIPE is ignored")
def test_pipe(tmp_path: Path) -> None:
    with served(tmp_path, models={"half_plus_two": HALF_PLUS_TWO}) as process:
        process.signal(signal.SIGPIPE)
        assert process.get("/v1/models/half_plus_two").status == 200


@pytest.fixture
def default_hang_up() -> Iterator[None]:
    """Whoever runs the tests in the background may have had SIGHUP ignored, which children inherit."""
    inherited = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, inherited)


@EXIT.row(9, "SIGHUP ends the process")
@pytest.mark.usefixtures("default_hang_up")
def test_hang_up(tmp_path: Path) -> None:
    with served(tmp_path, models={"half_plus_two": HALF_PLUS_TWO}) as process:
        process.signal(signal.SIGHUP)
        assert process.wait() == -signal.SIGHUP
