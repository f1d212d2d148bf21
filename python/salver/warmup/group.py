"""The commands of `salver warmup`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from salver.terminal.program import HELP_OPTIONS, Programs, run
from salver.warmup.convert import convert
from salver.warmup.record import record
from salver.warmup.replay import replay
from salver.warmup.show import show
from salver.warmup.synth import synth


@click.group(cls=Programs, context_settings=HELP_OPTIONS)
def warmup() -> None:
    """Make, convert, show, record and replay the requests that versions are warmed up with."""


for _command in (record, replay, synth, convert, show):
    warmup.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run `salver warmup` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(warmup, "salver warmup", arguments)
