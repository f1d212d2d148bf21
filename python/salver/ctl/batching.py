"""`salver ctl batching`: why batches leave, how large they are, and how long they wait and run."""

from __future__ import annotations

import click

from salver.ctl.batching_reports import read_reports
from salver.ctl.batching_view import reports_view
from salver.ctl.client import Address, AdminClient
from salver.ctl.looks import show
from salver.ctl.options import address_option, complete_model, json_option, path_of, watch_option
from salver.terminal.names import read_name


@click.command()
@click.argument("model", type=read_name, required=False, shell_complete=complete_model)
@address_option
@json_option
@watch_option
def batching(model: str | None, address: Address, period_s: float | None, *, as_json: bool) -> None:
    """Say what came of batching: of MODEL, or of all models."""
    path = path_of("batching") if model is None else path_of("batching", model)
    client = AdminClient(address)
    show(
        lambda: client.get(path),
        lambda document: reports_view(read_reports(document)),
        period_s=period_s,
        as_json=as_json,
    )
