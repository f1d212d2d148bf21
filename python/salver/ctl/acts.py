"""The commands of `salver ctl` that have the server do something and change no configuration."""

from __future__ import annotations

import json
from typing import Any

import click

from salver.admin.model import ModelDocument
from salver.admin.reading import read_document
from salver.ctl.client import Address, AdminClient
from salver.ctl.model_view import description_view
from salver.ctl.options import address_option, confirm, json_option, model_argument, path_of
from salver.terminal.options import version_option, yes_option
from salver.terminal.ranges import WholeNumber
from salver.terminal.screen import print_view

_TIMEOUT_S = 60.0


@click.command()
@model_argument
@version_option("Unload this version and load it again.")
@address_option
@json_option
def reload(model: str, version: int | None, address: Address, *, as_json: bool) -> None:
    """Look into the base path of MODEL now instead of at the next poll; or load one version anew."""
    path = path_of("models", model) if version is None else path_of("models", model, "versions", version)
    _act(address, f"{path}:reload", model, as_json=as_json)


@click.command()
@model_argument
@click.argument("version", type=WholeNumber(min=0))
@address_option
@json_option
def retry(model: str, version: int, address: Address, *, as_json: bool) -> None:
    """Try now to load VERSION of MODEL, which has failed, instead of after its pause."""
    _act(address, path_of("models", model, "versions", version) + ":retry", model, as_json=as_json)


@click.command()
@yes_option
@address_option
@json_option
def drain(address: Address, *, yes: bool, as_json: bool) -> None:
    """Have the server end as SIGTERM does: not ready, accepted requests are answered, ports close, exit 0."""
    if not yes:
        confirm(f"Stop the server at {address}?")
    answer = AdminClient(address).post(path_of("server") + ":drain", {}, _TIMEOUT_S)
    click.echo(json.dumps(answer, indent=2) if as_json else "The server drains.")


def _act(address: Address, path: str, model: str, *, as_json: bool) -> None:
    client = AdminClient(address)
    answer = client.post(path, {}, _TIMEOUT_S)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    document: Any = client.get(path_of("models", model))
    print_view(description_view(read_document(ModelDocument, document), None))
