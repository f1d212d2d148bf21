from __future__ import annotations

import os
import subprocess
import sys

import pytest

from salver import cli
from salver.config import ServerConfig
from salver.errors import UnavailableError


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServerConfig]:
    """The configs that the CLI would have served; logging is left alone."""
    configs: list[ServerConfig] = []

    def run(config: ServerConfig) -> int:
        configs.append(config)
        return 7

    monkeypatch.setattr(cli, "run", run)
    monkeypatch.setattr(cli, "set_up_logging", lambda *_: None)
    for name in [name for name in cli.os.environ if name.startswith("SALVER_")]:
        monkeypatch.delenv(name)
    return configs


def test_serve_turns_flags_into_a_config_and_returns_the_servers_status(served):
    assert cli.main(["serve", "--model_name=m", "--model_base_path", "/m", "--port=1"]) == 7
    assert [model.name for model in served[0].models] == ["m"]
    assert served[0].grpc_port == 1


def test_tensorflow_model_server_is_serve(served):
    assert cli.tensorflow_model_server(["--model_base_path=/m"]) == 7
    assert len(served) == 1


def test_environment_sets_flags(served, monkeypatch):
    monkeypatch.setenv("SALVER_MODEL_BASE_PATH", "/m")
    assert cli.main(["serve"]) == 7
    assert served[0].models[0].base_path == "/m"


def test_unknown_flag_ends_with_255_and_names_the_nearest(served, capsys):
    assert cli.main(["serve", "--modle_name=m"]) == 255
    assert "salver serve: unknown flag --modle_name; did you mean --model_name?" in capsys.readouterr().err
    assert served == []


def test_bad_configuration_is_said_on_stdout_and_ends_with_255(served, capsys):
    assert cli.main(["serve"]) == 255
    assert capsys.readouterr().out.startswith("Failed to start server. Error: INVALID_ARGUMENT: nothing to serve")


def test_failure_of_the_server_is_said_on_stdout_and_ends_with_255(served, monkeypatch, capsys):
    def fail(_config: ServerConfig) -> int:
        raise UnavailableError("port 8500 is taken")

    monkeypatch.setattr(cli, "run", fail)
    assert cli.main(["serve", "--model_base_path=/m"]) == 255
    assert capsys.readouterr().out == "Failed to start server. Error: UNAVAILABLE: port 8500 is taken\n"


def test_fault_of_the_server_is_said_without_a_traceback(served, monkeypatch, capsys):
    monkeypatch.setattr(cli, "run", lambda _config: 1 / 0)
    assert cli.main(["serve", "--model_base_path=/m"]) == 255
    assert capsys.readouterr().out == "Failed to start server. Error: UNKNOWN: ZeroDivisionError: division by zero\n"


def test_version_is_shown_before_anything_is_checked(served, capsys):
    assert cli.main(["serve", "--version", "--port=x"]) == 0
    assert capsys.readouterr().out.startswith("salver ")


def test_help_and_version_may_be_switched_off(served):
    assert cli.main(["serve", "--version=false", "--help=false", "--model_base_path=/m"]) == 7


def test_version_of_tensorflow_model_server_has_the_two_known_lines(served, capsys):
    assert cli.tensorflow_model_server(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("TensorFlow ModelServer: ")
    assert second.startswith("TensorFlow Library: ")


@pytest.mark.parametrize("arguments", [["serve", "--help"], ["--help"], ["help"], ["-h"]])
def test_help_is_no_failure(served, capsys, arguments):
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("Usage: salver")


def test_unknown_command_names_the_nearest(capsys):
    assert cli.main(["server"]) == 255
    assert "did you mean serve?" in capsys.readouterr().err


def test_ctl_is_handed_its_arguments(capsys):
    assert cli.main(["ctl", "--help"]) == 0
    assert "Usage: salver ctl" in capsys.readouterr().out
    assert cli.main(["ctl", "batchin"]) == 2
    assert "Did you mean 'batching'?" in capsys.readouterr().err


def completed(line: str) -> set[str]:
    """What bash is offered for the last word of this line."""
    environment = {
        **os.environ,
        "_SALVER_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    done = subprocess.run([sys.executable, "-m", "salver"], env=environment, capture_output=True, text=True, check=True)
    return {entry.partition(",")[2] for entry in done.stdout.split()}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("salver ", {"serve", "ctl", "inspect", "predict", "warmup", "tune", "bench", "version", "help"}),
        ("salver serve --admin", {"--admin_port", "--admin_host", "--admin_host_names"}),
        ("salver serve --log_format ", {"human", "json"}),
        ("salver ctl ba", {"batching"}),
        ("salver ctl batching --j", {"--json"}),
    ],
)
def test_shells_complete_commands_and_flags(line, offered):
    assert completed(line) == offered


def test_no_command_shows_the_commands(capsys):
    assert cli.main([]) == 255
    assert "Usage: salver COMMAND" in capsys.readouterr().err


def test_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "salver", "version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("salver ")


def test_reading_flags_imports_no_numpy_protobuf_or_extension():
    code = (
        "import sys; from salver import cli; cli.run = lambda config: 0; cli.main(['serve', '--model_base_path=/m']);"
        "names = ('numpy', 'google.protobuf', 'salver._native', 'argparse', 'click', 'rich');"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
