"""`salver ctl models` and `salver ctl describe`: what is served, and in which state it is."""

from __future__ import annotations

from typing import Any

import click
from rich.console import RenderableType

from salver.admin.model import ModelDocument, VersionDocument
from salver.admin.reading import read_document
from salver.ctl.client import Address, AdminClient
from salver.ctl.looks import show
from salver.ctl.model_view import description_view, models_view
from salver.ctl.options import address_option, json_option, model_argument, path_of, watch_option
from salver.errors import FailedPreconditionError
from salver.terminal.options import version_option

STATES = ("AVAILABLE", "LOADING", "FAILED", "UNLOADING", "EMPTY")


def read_models(document: Any) -> list[ModelDocument]:
    """Return the models of an answer.

    Raises:
        FailedPreconditionError: The document is none of models.
    """
    if not isinstance(document, dict) or not isinstance(document.get("models"), list):
        raise FailedPreconditionError("the answer of the server is not understood: it has no list of models")
    return [read_document(ModelDocument, model) for model in document["models"]]


@click.command()
@click.argument("pattern", required=False)
@click.option("--state", type=click.Choice(STATES, case_sensitive=False), help="Only models that are in this state.")
@address_option
@json_option
@watch_option
def models(pattern: str | None, state: str | None, address: Address, period_s: float | None, *, as_json: bool) -> None:
    """List the models, or those whose name fits PATTERN, in which * is any text."""
    query = {name: value for name, value in (("name", pattern), ("state", state)) if value is not None}
    client = AdminClient(address)
    show(
        lambda: client.get(path_of("models"), **query),
        lambda document: models_view(read_models(document)),
        period_s=period_s,
        as_json=as_json,
    )


@click.command()
@model_argument
@version_option("Show the signatures of this one; by default the highest.")
@address_option
@json_option
@watch_option
def describe(model: str, version: int | None, address: Address, period_s: float | None, *, as_json: bool) -> None:
    """Say all about MODEL: where its versions come from, how each of them is, and its signatures."""
    client = AdminClient(address)
    show(lambda: _described(client, model, version), _description, period_s=period_s, as_json=as_json)


def _described(client: AdminClient, model: str, version: int | None) -> Any:
    """The document of a model, in which one version has its signatures."""
    document = client.get(path_of("models", model))
    known = read_document(ModelDocument, document).versions
    wanted = version if version is not None else next((one.version for one in known if one.state == "AVAILABLE"), None)
    if wanted is None:
        return document
    whole = client.get(path_of("models", model, "versions", wanted))
    others = [one for one in document["versions"] if one["version"] != wanted]
    return {**document, "versions": sorted([whole, *others], key=lambda one: -one["version"])}


def _description(document: Any) -> RenderableType:
    model = read_document(ModelDocument, document)
    with_signatures: VersionDocument | None = next((one for one in model.versions if one.signatures), None)
    return description_view(model, with_signatures)
