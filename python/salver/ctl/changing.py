"""What the commands that change something have in common: their options, the request, and the answer as it is shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from salver.admin.change import Change, Difference
from salver.admin.model import ModelDocument
from salver.admin.reading import read_document
from salver.ctl.change_view import change_view
from salver.ctl.client import Address, AdminClient, Request
from salver.ctl.options import address_option, json_option
from salver.terminal.ranges import Number
from salver.terminal.screen import print_view

MAX_WAIT_S = 600.0
"""Longest that the server waits."""
_GRACE_S = 10.0
"""What an answer may take beyond that."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How a change is to be made."""

    address: Address
    is_dry_run: bool
    etag: str | None
    """What the configuration must still be; None is whatever it is."""
    wait_s: float
    as_json: bool


def changing(wait_s: float = 0.0) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a change, and hand them on as the one argument `terms`.

    Args:
        wait_s: How long the command waits for the model by default.
    """

    def add(command: Callable[..., None]) -> Callable[..., None]:
        @address_option
        @json_option
        @click.option("--dry-run", "is_dry_run", is_flag=True, help="Check and show the change, and make it not.")
        @click.option(
            "--if-match", "etag", metavar="ETAG", help="Refuse where the configuration is no longer of this ETag."
        )
        @click.option(
            "--wait",
            "wait_s",
            type=Number(min=0, max=MAX_WAIT_S),
            default=wait_s,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait until the model serves or has failed.",
        )
        @wraps(command)
        def run(
            address: Address, etag: str | None, wait_s: float, *, as_json: bool, is_dry_run: bool, **rest: Any
        ) -> None:
            terms = Terms(address=address, is_dry_run=is_dry_run, etag=etag, wait_s=wait_s, as_json=as_json)
            command(terms=terms, **rest)

        return run

    return add


def make(terms: Terms, method: str, path: str, document: Any = None) -> None:
    """Ask for a change and show what came of it.

    Raises:
        click.ClickException: The change is in force, but the model has failed.
        SalverError: The server refuses.
    """
    query = {"dry_run": "true"} if terms.is_dry_run else {}
    if terms.wait_s and not terms.is_dry_run:
        query["wait_s"] = f"{terms.wait_s:g}"
    answer = AdminClient(terms.address).send(
        Request(
            method=method,
            path=path,
            query=query,
            document=document,
            headers={} if terms.etag is None else {"If-Match": _quoted(terms.etag)},
            timeout_s=terms.wait_s + _GRACE_S,
        )
    )
    change = read_document(Change, answer)
    if terms.as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        print_view(change_view(change))
    if terms.wait_s and change.model is not None and not change.is_dry_run:
        _check_outcome(change.model, change.diff)


def _check_outcome(model: ModelDocument, diff: Iterable[Difference]) -> None:
    if model.status == "FAILED":
        what = "no version of it could be loaded"
    elif model.reason is not None and any(one.path.endswith("/base_path") for one in diff):
        what = "its versions from before serve on"
    else:
        return
    reason = f": {model.reason.message}" if model.reason else ""
    raise click.ClickException(f"model {model.name} is configured, but {what}{reason}")


def _quoted(etag: str) -> str:
    return etag if etag.startswith('"') else f'"{etag}"'
