"""The commands of `salver warmup`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from salver.errors import SalverError
from salver.warmup.convert import convert
from salver.warmup.record import record
from salver.warmup.replay import replay
from salver.warmup.show import show
from salver.warmup.synth import synth


class _Commands(click.Group):
    """Commands that fail with one line on stderr and status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SalverError as error:
            raise click.ClickException(error.message) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help", "-h"]})
def warmup() -> None:
    """Make, convert, show, record and replay the requests that versions are warmed up with."""


for _command in (record, replay, synth, convert, show):
    warmup.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run `salver warmup` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    try:
        warmup.main(args=list(arguments), prog_name="salver warmup")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
