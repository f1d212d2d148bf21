"""`salver ctl batching`: why batches leave, how large they are, and how long they wait and run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.live import Live

from salver.ctl.batching_reports import read_reports
from salver.ctl.batching_view import reports_view
from salver.ctl.client import Address, AdminClient
from salver.ctl.options import address_option, json_option
from salver.errors import SalverError

_PATH = "/v1/batching"


def _complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    del param
    try:
        document = AdminClient(ctx.params.get("address") or Address()).get(_PATH)
        names = {report.model for report in read_reports(document)}
    except SalverError:
        return []
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


@click.command()
@click.argument("model", required=False, shell_complete=_complete_model)
@address_option
@json_option
@click.option(
    "--watch",
    "period_s",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Show it again after so many seconds, until Ctrl-C.",
)
def batching(model: str | None, address: Address, period_s: float | None, *, as_json: bool) -> None:
    """Say what came of batching: of MODEL, or of all models."""
    path = _PATH if model is None else f"{_PATH}/{quote(model, safe='')}"
    client = AdminClient(address)
    documents = _looks(lambda: client.get(path), period_s)
    try:
        if as_json:
            _print_json(documents, indent=None if period_s else 2)
        else:
            _show(documents, is_watched=period_s is not None)
    except KeyboardInterrupt:
        return  # how a watch ends


def _looks(look: Callable[[], Any], period_s: float | None) -> Iterator[Any]:
    """What is seen: once, or again after each period."""
    yield look()
    while period_s is not None:
        time.sleep(period_s)
        yield look()


def _print_json(documents: Iterator[Any], indent: int | None) -> None:
    for document in documents:
        click.echo(json.dumps(document, indent=indent))


def _show(documents: Iterator[Any], *, is_watched: bool) -> None:
    console = Console(highlight=False)
    views = (reports_view(read_reports(document)) for document in documents)
    if not (is_watched and console.is_terminal):
        for view in views:
            console.print(view)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        for view in views:
            live.update(view, refresh=True)
