"""`salver ctl status`: how the server is, and what is the matter with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salver.admin.model import ModelDocument
from salver.admin.reading import read_document
from salver.admin.server import ServerDocument
from salver.ctl.client import Address, AdminClient
from salver.ctl.looks import show
from salver.ctl.model_view import models_view, optional
from salver.ctl.models import read_models
from salver.ctl.options import address_option, json_option, path_of, watch_option
from salver.terminal.numbers import age, size


@click.command()
@address_option
@json_option
@watch_option
def status(address: Address, period_s: float | None, *, as_json: bool) -> None:
    """Say how the server is, and which models do not serve."""
    client = AdminClient(address)
    show(lambda: _asked(client), _view, period_s=period_s, as_json=as_json)


def _asked(client: AdminClient) -> dict[str, Any]:
    return {"server": client.get(path_of("server")), "models": client.get(path_of("models"))["models"]}


def _view(document: dict[str, Any]) -> RenderableType:
    models = read_models(document)
    table = Table.grid(padding=(0, 3))
    for name, value in _facts(read_document(ServerDocument, document["server"]), models):
        table.add_row(name, value)
    troubled = [model for model in models if model.status != "AVAILABLE"]
    return Group(table, *([Text(), models_view(troubled)] if troubled else []))


def _facts(server: ServerDocument, models: Sequence[ModelDocument]) -> Iterator[tuple[str, str | Text]]:
    ready = Text("ready", style="green") if server.is_ready else Text("not ready", style="bold red")
    yield "server", Text.assemble(server.state.lower(), ", ", ready)
    yield "salver", f"{server.version}, Python {server.python_version}, process {server.pid}"
    yield "up", age(server.uptime_s)
    ports = {"gRPC": server.ports.grpc, "REST": server.ports.rest, "admin": server.ports.admin}
    yield "ports", ", ".join(f"{name} {port}" for name, port in ports.items() if port is not None)
    states = Counter(model.status for model in models)
    told = ", ".join(f"{number:,} {word.lower()}" for word, number in sorted(states.items()))
    yield "models", f"{server.num_models:,}{f' ({told})' if told else ''}"
    yield "versions", f"{server.num_versions_available:,} available"
    yield "in flight", optional(server.num_in_flight, "{:,}".format)
    yield "memory", optional(server.resident_bytes, size)
    yield "set by", server.config_writer
    yield "etag", server.etag
