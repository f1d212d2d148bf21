"""The commands of `salver ctl`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from salver.ctl.acts import drain, reload, retry
from salver.ctl.batching import batching
from salver.ctl.changes import label, load, pin, set_, unload, unpin
from salver.ctl.events import audit, events
from salver.ctl.models import describe, models
from salver.ctl.status import status
from salver.errors import SalverError


class _Commands(click.Group):
    """Commands that fail with one line on stderr and status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SalverError as error:
            raise click.ClickException(error.message) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["--help", "-h"]})
def ctl() -> None:
    """Ask a running server, on its admin listener."""


_LOOKS = (status, models, describe, batching, events, audit)
_CHANGES = (load, set_, unload, label, pin, unpin)
_ACTS = (reload, retry, drain)
for _command in (*_LOOKS, *_CHANGES, *_ACTS):
    ctl.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run `salver ctl` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    try:
        ctl.main(args=list(arguments), prog_name="salver ctl")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
