"""From a click command to an exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from salver.errors import SalverError

HELP_OPTIONS = {"help_option_names": ["--help", "-h"]}
"""Context settings of every command."""


class Program(click.Command):
    """A command that tells a SalverError in one line on stderr, and ends with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """See `click.Command.invoke`."""
        try:
            return super().invoke(ctx)
        except SalverError as error:
            raise click.ClickException(error.message) from None


class Programs(Program, click.Group):
    """A group of commands that does so."""


def run(command: click.Command, name: str, arguments: Sequence[str], obj: Any = None) -> int:
    """Run a command and return its exit status: 0, 1 for a failure, 2 for a mistake in `arguments`.

    Args:
        command: The command or group.
        name: What it is called by, such as `salver ctl`.
        arguments: The command line without that name.
        obj: Handed on in click's context.
    """
    try:
        command.main(args=list(arguments), prog_name=name, obj=obj)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
