"""Completion of command lines in bash, zsh and fish.

`salver serve` reads its flags by a table of its own; here they are told to click, which knows the shells.
"""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import shell_complete

from salver.bench.command import bench
from salver.config.flag import Effect, Flag
from salver.config.flags import FLAGS
from salver.ctl.group import ctl
from salver.inspection.command import inspect
from salver.predict.command import predict
from salver.tune.command import tune
from salver.warmup.group import warmup


def complete(instruction: str, variable: str) -> int:
    """Write what a shell asks for, and return the exit status.

    Args:
        instruction: For example `bash_source` (the script to evaluate) or `bash_complete` (what may come next).
        variable: The environment variable that it came in.
    """
    return shell_complete(_program(), {}, "salver", variable, instruction)


def _program() -> click.Group:
    """The whole command line as click sees it; it is never run."""
    flags = [_option(flag) for flag in FLAGS.values() if flag.effect is Effect.HONOURED]
    serve = click.Command("serve", params=[*flags], help="Start a model server.")
    version = click.Command("version", help="Show the version.", add_help_option=False)
    help = click.Command("help", help="Show the commands.", add_help_option=False)
    commands = {
        "serve": serve,
        "ctl": ctl,
        "inspect": inspect,
        "warmup": warmup,
        "predict": predict,
        "tune": tune,
        "bench": bench,
        "version": version,
        "help": help,
    }
    return click.Group("salver", commands=commands)


def _option(flag: Flag) -> click.Option:
    return click.Option([f"--{flag.name}"], type=_type(flag), is_flag=flag.kind is bool, help=flag.help)


def _type(flag: Flag) -> click.ParamType[Any] | None:
    if flag.choices:
        return click.Choice([str(choice) for choice in flag.choices])
    return click.Path() if flag.name.endswith(("_file", "_path")) else None
