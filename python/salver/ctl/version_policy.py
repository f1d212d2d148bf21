"""Version policies as they are typed."""

from __future__ import annotations

from typing import Any

import click

from salver.ctl.labels import is_number

GRAMMAR = "latest, latest:N, all, none, or version numbers with commas between them"


def read_policy(context: click.Context, parameter: click.Parameter, text: str | None) -> dict[str, Any] | None:
    """Read the value of `--versions`.

    Raises:
        click.BadParameter: It is no policy.
    """
    del context, parameter
    if text is None:
        return None
    word, _, number = text.partition(":")
    if text == "all":
        return {"all": {}}
    if text == "none":
        return {"specific": {"versions": []}}
    if word == "latest" and (text == word or (is_number(number) and int(number) > 0)):
        return {"latest": {"num_versions": int(number or 1)}}
    versions = [part.strip() for part in text.split(",")]
    if all(map(is_number, versions)):
        return {"specific": {"versions": [int(part) for part in versions]}}
    raise click.BadParameter(f"expected {GRAMMAR}; got {text!r}")
