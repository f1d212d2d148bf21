"""The commands of `salver ctl`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from salver.ctl.acts import drain, reload, retry
from salver.ctl.batching import batching
from salver.ctl.changes import label, load, pin, set_, unload, unpin
from salver.ctl.events import audit, events
from salver.ctl.models import describe, models
from salver.ctl.status import status
from salver.terminal.program import HELP_OPTIONS, Programs, run


@click.group(cls=Programs, context_settings=HELP_OPTIONS)
def ctl() -> None:
    """Ask a running server, on its admin listener."""


_LOOKS = (status, models, describe, batching, events, audit)
_CHANGES = (load, set_, unload, label, pin, unpin)
_ACTS = (reload, retry, drain)
for _command in (*_LOOKS, *_CHANGES, *_ACTS):
    ctl.add_command(_command)


def main(arguments: Sequence[str]) -> int:
    """Run `salver ctl` and return the exit status: 0, 1 for a failure, 2 for a mistake in `arguments`."""
    return run(ctl, "salver ctl", arguments)
