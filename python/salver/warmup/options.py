"""What the commands of `salver warmup` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def model_options(command: Command) -> Command:
    """Add `--model` and `--model-version`, for files that a model is needed to read."""
    version = click.option("--model-version", type=int, help="Of a model of a server; by default the highest.")
    model = click.option(
        "--model", metavar="DIR|MODEL", help="What the requests are for; needed to read JSON and NPZ files."
    )
    return model(version(command))


def force_option(command: Command) -> Command:
    """Add `--force`."""
    return click.option("--force", is_flag=True, help="Replace a file that is there.")(command)
