"""The commands of `salver ctl` that change which models and versions are served."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import click

from salver.ctl import labels as label_grammar
from salver.ctl import version_policy
from salver.ctl.changing import Terms, changing, make
from salver.ctl.options import confirm, model_argument, path_of
from salver.terminal.names import read_name
from salver.terminal.options import Command, yes_option
from salver.terminal.ranges import WholeNumber

_LOAD_WAIT_S = 60.0
_ORDERS = ("availability_preserving", "resource_preserving")

_versions_option = click.option(
    "--versions", callback=version_policy.read_policy, metavar="POLICY", help=f"{version_policy.GRAMMAR}."
)
_order_option = click.option(
    "--order", type=click.Choice(_ORDERS), help="Whether a new version comes before the old one goes, or after."
)


def _labels_option(metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(
        "--label", "labels", multiple=True, callback=label_grammar.read_labels, metavar=metavar, help=text
    )


def _absolute(context: click.Context, parameter: click.Parameter, path: str | None) -> str | None:
    """A base path as the server takes it, which does not know where this command was typed."""
    del context, parameter
    if path is None or path.startswith("/") or "://" in path:
        return path
    raise click.BadParameter(f"expected an absolute path; did you mean {os.path.abspath(path)}?")


@click.command()
@click.argument("model", type=read_name)
@click.argument("base_path", callback=_absolute)
@click.option("--platform", help="The kind of model; by default tensorflow.")
@_versions_option
@_order_option
@_labels_option("LABEL=VERSION", "May be repeated.")
@changing(_LOAD_WAIT_S)
def load(terms: Terms, model: str, base_path: str, labels: Mapping[str, int | None], **options: Any) -> None:
    """Add MODEL, whose versions are in BASE_PATH as the server sees it, and wait until it serves."""
    removed = [label for label, version in labels.items() if version is None]
    if removed:
        raise click.BadParameter(f"a new model has no label {removed[0]} to be removed", param_hint="--label")
    spec = {"name": model, "base_path": base_path, **_given(options)}
    make(terms, "POST", path_of("models"), spec | ({"version_labels": dict(labels)} if labels else {}))


@click.command("set")
@model_argument
@click.option("--base-path", callback=_absolute, help="Where its versions are from now on.")
@_versions_option
@_order_option
@_labels_option("LABEL=VERSION|LABEL-", f"{label_grammar.GRAMMAR}; may be repeated.")
@changing(_LOAD_WAIT_S)
def set_(terms: Terms, model: str, labels: Mapping[str, int | None], **options: Any) -> None:
    """Change what is configured of MODEL, all at once, and nothing else."""
    given = _given(options) | ({"version_labels": dict(labels)} if labels else {})
    if not given:
        raise click.UsageError("nothing to set; give --base-path, --versions, --order or --label")
    make(terms, "PATCH", path_of("models", model), given)


@click.command()
@model_argument
@yes_option
@changing()
def unload(terms: Terms, model: str, *, yes: bool) -> None:
    """Remove MODEL: requests to it are answered NOT_FOUND from then on."""
    if not (yes or terms.is_dry_run):
        confirm(f"Stop serving {model} on {terms.address}?")
    make(terms, "DELETE", path_of("models", model))


@click.command()
@model_argument
@click.argument("labels", nargs=-1, required=True, callback=label_grammar.read_labels, metavar="LABEL=VERSION...")
@changing()
def label(terms: Terms, model: str, labels: Mapping[str, int | None]) -> None:
    """Move labels of MODEL, all at once: LABEL=VERSION sets one, LABEL- removes it."""
    make(terms, "PATCH", path_of("models", model), {"version_labels": dict(labels)})


@click.command()
@model_argument
@click.argument("version", type=WholeNumber(min=0))
@changing(_LOAD_WAIT_S)
def pin(terms: Terms, model: str, version: int) -> None:
    """Serve VERSION of MODEL and no other, whatever comes into its base path."""
    make(terms, "POST", path_of("models", model) + ":pin", {"version": version})


@click.command()
@model_argument
@changing(_LOAD_WAIT_S)
def unpin(terms: Terms, model: str) -> None:
    """Serve the versions of MODEL again that its policy chose before it was pinned."""
    make(terms, "POST", path_of("models", model) + ":unpin", {})


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a model that were given, by the names of the API."""
    names = {"versions": "version_policy", "order": "aspired_version_policy"}
    return {names.get(name, name): value for name, value in options.items() if value is not None}
