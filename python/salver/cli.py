"""The command line: flags to configuration to server, and nothing else.

Modules that few invocations need are imported where they are used: time to ready counts.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from salver.config.reader import FlagsError, Settings, read_server_config, read_settings
from salver.config.server_config import LogFormat, ServerConfig
from salver.errors import SalverError, as_salver_error
from salver.logs import set_up_logging
from salver.nearest import did_you_mean
from salver.version import salver_version, version_of

EXIT_FAILURE: Final = 255
"""Status of a start that failed; the one that start scripts of TensorFlow Serving know."""

_COMPLETE = "_SALVER_COMPLETE"
"""Set by a shell that wants to complete a command line; read here alone."""

_PROGRAMS: Final = {
    "ctl": "salver.ctl.group",
    "inspect": "salver.inspection.command",
    "predict": "salver.predict.command",
    "tune": "salver.tune.command",
    "warmup": "salver.warmup.group",
    "bench": "salver.bench.command",
}
"""Commands that are programs of their own, each with the module whose `main` is imported when it is asked for."""

_HELP = """\
Usage: salver COMMAND

  serve     start a model server; `salver serve --help` lists its flags
  ctl       ask a running server; `salver ctl --help` lists its commands
  inspect   say what a model directory or a base path holds; `salver inspect --help`
  warmup    make, convert, show, record and replay warm-up files; `salver warmup --help` lists the commands
  predict   run a model of a server on values from files; `salver predict --help`
  tune      profile a model of a running server and say how to batch it; `salver tune --help`
  bench     put load on a running server and say what it takes; `salver bench --help`
  version   show the version
  help      show this text

Completion for your shell: eval "$(_SALVER_COMPLETE=bash_source salver)", or zsh_source, or fish_source.
"""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `salver` and return the exit status.

    Args:
        arguments: The command line without the program's name; None takes that of the process.
    """
    if _COMPLETE in os.environ:
        from salver.completion import complete

        return complete(os.environ[_COMPLETE], _COMPLETE)
    given = sys.argv[1:] if arguments is None else arguments
    command, rest = "".join(given[:1]), given[1:]
    if command == "serve":
        return _serve("salver serve", rest, _salver_version)
    if command in _PROGRAMS:
        return _run_program(_PROGRAMS[command], rest)
    if command in {"version", "--version"}:
        print(_salver_version())
        return 0
    if command in {"help", "--help", "-h"}:
        print(_HELP, end="")
        return 0
    hint = did_you_mean(command, ("serve", *_PROGRAMS, "version", "help"), "`salver help` lists the commands")
    print(f"salver: unknown command {command!r}; {hint}" if command else _HELP.rstrip(), file=sys.stderr)
    return EXIT_FAILURE


def _run_program(module: str, arguments: Sequence[str]) -> int:
    from importlib import import_module

    status: int = import_module(module).main(arguments)
    return status


def tensorflow_model_server(arguments: Sequence[str] | None = None) -> int:
    """Run `salver serve` under the name, and with the version text, that start scripts of TensorFlow Serving expect."""
    return _serve(
        "tensorflow_model_server", sys.argv[1:] if arguments is None else arguments, _tensorflow_model_server_version
    )


def _serve(program: str, arguments: Sequence[str], version: Callable[[], str]) -> int:
    arguments = [argument for argument in arguments if argument not in {"--help=false", "--version=false"}]
    if not {"--help", "--help=true", "-h"}.isdisjoint(arguments):
        from salver.config.flag_help import usage

        print(usage(program), end="")
        return 0
    if not {"--version", "--version=true"}.isdisjoint(arguments):
        print(version())
        return 0
    try:
        settings = read_settings(arguments, os.environ)
    except FlagsError as error:
        for problem in error.problems:
            print(f"{program}: {problem}", file=sys.stderr)
        print(f"{program} --help lists all flags", file=sys.stderr)
        return EXIT_FAILURE
    # TensorFlow's own notes on its start are no life-cycle events; who wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    set_up_logging(LogFormat(str(settings.values["log_format"])), str(settings.values["log_level"]))
    try:
        return run(_configure(settings))
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the outermost frame: every failure becomes a line and a status
        return _failed(error)


def _configure(settings: Settings) -> ServerConfig:
    for warning in settings.warnings:
        _log.warning("%s", warning)
    return read_server_config(settings)


def _failed(error: Exception) -> int:
    failure = as_salver_error(error)
    if isinstance(error, SalverError):
        _log.error("Failed to start server: %s", failure)
    else:  # a fault of the server's own: its traceback is worth having at debug
        _log.error("Failed to start server", exc_info=error)
    print(f"Failed to start server. Error: {failure}", flush=True)
    return EXIT_FAILURE


def run(config: ServerConfig) -> int:
    """Serve until a signal asks to stop; return the exit status."""
    from salver.server.process import serve

    return serve(config)


def _salver_version() -> str:
    return f"salver {version_of('salver') or 'of an unknown version'}"


def _tensorflow_model_server_version() -> str:
    library = next(filter(None, map(version_of, ("tensorflow-cpu", "tensorflow"))), "none")
    return f"TensorFlow ModelServer: {salver_version()}\nTensorFlow Library: {library}"
