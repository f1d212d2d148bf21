"""`salver ctl events` and `salver ctl audit`: what happened, and who wanted it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from salver.admin.change import AuditEntry
from salver.admin.reading import read_document
from salver.ctl.change_view import differences
from salver.ctl.client import Address, AdminClient, Request, events_request
from salver.ctl.event_view import event_view
from salver.ctl.looks import show
from salver.ctl.options import address_option, complete_model, json_option, path_of
from salver.terminal.options import limit_option
from salver.terminal.screen import console

TYPES = ("state", "config", "source", "server")


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens from now on, until Ctrl-C.")
@click.option("--model", shell_complete=complete_model, help="Only what is about this model.")
@click.option("--type", "kind", type=click.Choice(TYPES), help="Only events of this type.")
@address_option
@json_option
def events(model: str | None, kind: str | None, address: Address, *, follow: bool, as_json: bool) -> None:
    """Say what happened to models and versions: the latest events, oldest first."""
    query = {name: value for name, value in (("model", model), ("type", kind)) if value is not None}
    client = AdminClient(address)
    found = _followed(client, query) if follow else _latest(client, query)
    terminal, is_any = console(), False
    try:
        for event in found:
            is_any = True
            if as_json:
                click.echo(json.dumps(event))
            else:
                terminal.print(event_view(event), soft_wrap=True)
    except KeyboardInterrupt:
        return  # how one stops following
    if not (is_any or follow or as_json):
        click.echo("No such event is kept." if query else "Nothing has happened yet.", err=True)


@click.command()
@limit_option(20, "How many, latest first.")
@address_option
@json_option
def audit(limit: int, address: Address, *, as_json: bool) -> None:
    """Say who changed what, or tried to."""
    client = AdminClient(address)
    show(lambda: _audited(client, limit), _audit_view, period_s=None, as_json=as_json)


def _latest(client: AdminClient, query: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    accept = {"Accept": "application/json"}
    answer = client.send(Request(path=path_of("events"), query=query, headers=accept))
    found: list[dict[str, Any]] = answer["events"]
    return found


def _audited(client: AdminClient, limit: int) -> Any:
    document = client.get(path_of("audit"))
    return {**document, "audit": document["audit"][:limit]}


def _followed(client: AdminClient, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The events of a stream; of its lines only those with data matter here."""
    for line in client.lines(events_request(query)):
        field, _, value = line.partition(":")
        if field == "data":
            yield json.loads(value)


def _audit_view(document: Any) -> RenderableType:
    parts: list[RenderableType] = []
    for item in document["audit"]:
        entry = read_document(AuditEntry, item)
        style = "green" if entry.outcome == "OK" else "red"
        who = " at ".join(filter(None, (entry.actor, entry.address))) or "unknown"
        outcome = f"{entry.outcome} (dry run)" if entry.is_dry_run else entry.outcome
        parts.append(Text.assemble((entry.at, "dim"), "  ", (outcome, style), f"  {entry.request}  by {who}"))
        parts += [Text("  ").append_text(line) for line in differences(entry.diff)]
    num_left_out = document.get("num_refusals_left_out", 0)
    if num_left_out:
        parts.append(Text(f"{num_left_out:,} refusals are left out: they came too fast", style="yellow"))
    return Group(*parts) if parts else Text("Nobody has changed anything.")
