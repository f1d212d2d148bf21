"""The options that several commands have: each has one name, and one way to be written, wherever it stands.

What an option means for a command is said by that command's help text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from salver.terminal.ranges import Number, WholeNumber

Command = TypeVar("Command", bound=Callable[..., Any])

POSITIVE = Number(min=0, min_open=True)
FILE = click.Path(dir_okay=False)


def json_option(help: str) -> Callable[[Command], Command]:
    """`--json`: `as_json`, whether the answer is for a program."""
    return click.option("--json", "as_json", is_flag=True, help=help)


def output_option(help: str, *, is_required: bool = False) -> Callable[[Command], Command]:
    """`-o`, `--output`: the file to write, or None."""
    return click.option("-o", "--output", type=FILE, required=is_required, help=help)


def force_option(command: Command) -> Command:
    """`--force`."""
    return click.option("--force", is_flag=True, help="Replace a file that is there.")(command)


def yes_option(command: Command) -> Command:
    """`--yes`."""
    return click.option("--yes", is_flag=True, help="Do not ask back.")(command)


def limit_option(default: int, help: str) -> Callable[[Command], Command]:
    """`--limit`: how many lines are shown."""
    return click.option("--limit", type=WholeNumber(min=1), default=default, show_default=True, help=help)


# --- Which part of which model


def version_option(help: str, *, is_required: bool = False) -> Callable[[Command], Command]:
    """`--version`: the number of one, or None."""
    return click.option("--version", type=WholeNumber(min=0), required=is_required, help=help)


def signature_option(help: str) -> Callable[[Command], Command]:
    """`--signature`: the name of one, or None."""
    return click.option("--signature", help=help)


def version_or_label_options(command: Command) -> Command:
    """`--version` and `--label`, for commands that send inference."""
    label = click.option("--label", help="In its place: the version that has this label.")
    version = version_option("The version to ask; by default the highest that serves.")
    return version(label(command))


def check_version_or_label(version: int | None, label: str | None) -> None:
    """Refuse both at once.

    Raises:
        click.UsageError: Both are given.
    """
    if version is not None and label is not None:
        raise click.UsageError("--version and --label exclude each other")


# --- How much, and how long


def timeout_option(default_s: float, help: str, *, max_s: float | None = None) -> Callable[[Command], Command]:
    """`--timeout`: `timeout_s`, the longest that one request may take."""
    return _seconds_option("--timeout", "timeout_s", default_s, max_s, help)


def duration_option(default_s: float, help: str, *, max_s: float | None = None) -> Callable[[Command], Command]:
    """`--duration`: `duration_s`, how long something is watched or measured."""
    return _seconds_option("--duration", "duration_s", default_s, max_s, help)


def _seconds_option(
    flag: str, name: str, default_s: float, max_s: float | None, help: str
) -> Callable[[Command], Command]:
    kind = Number(min=0, min_open=True, max=max_s)
    return click.option(flag, name, type=kind, default=default_s, show_default=True, metavar="SECONDS", help=help)


def rate_option(help: str, *, max_per_s: float | None = None) -> Callable[[Command], Command]:
    """`--rate`: requests a second, or None."""
    kind = Number(min=0, min_open=True, max=max_per_s)
    return click.option("--rate", type=kind, metavar="PER_SECOND", help=help)


def concurrency_option(
    help: str, *, maximum: int | None = None, default: int | None = None
) -> Callable[[Command], Command]:
    """`--concurrency`: requests that are under way at the same time, or None."""
    kind = WholeNumber(min=1, max=maximum)
    return click.option("--concurrency", type=kind, default=default, show_default=default is not None, help=help)


def target_p99_option(help: str) -> Callable[[Command], Command]:
    """`--target-p99-ms`, or None."""
    return click.option("--target-p99-ms", type=POSITIVE, metavar="MS", help=help)


def length_option(command: Command) -> Command:
    """`--length`, or None."""
    text = "Length of open dimensions of inputs that are made up."
    return click.option("--length", type=WholeNumber(min=1), help=text)(command)


def input_option(file: str, help: str) -> Callable[[Command], Command]:
    """`--input`: `inputs`, any number of NAME=FILE as they were typed; `read_input` reads one."""
    return click.option("--input", "inputs", multiple=True, metavar=f"NAME={file}", help=f"{help}; may be repeated.")


def read_input(item: str, file: str) -> tuple[str, str]:
    """Read NAME=FILE.

    Raises:
        click.UsageError: It is no such pair.
    """
    name, equals, path = item.partition("=")
    if not (name and equals and path):
        raise click.UsageError(f"--input takes NAME={file}, got {item!r}")
    return name, path
