"""What the commands of `salver warmup` have in common."""

from __future__ import annotations

import click

from salver.terminal.options import Command, version_option


def model_options(command: Command) -> Command:
    """Add `--model` and `--version`, for files that a model is needed to read."""
    model = click.option(
        "--model", metavar="DIR|MODEL", help="What the requests are for; needed to read JSON and NPZ files."
    )
    return model(model_version_option(command))


def model_version_option(command: Command) -> Command:
    """Add `--version`."""
    return version_option("Of a model of a server; by default the highest that serves.")(command)
