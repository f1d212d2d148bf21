"""Version labels as they are typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

GRAMMAR = "LABEL=VERSION, or LABEL- to remove it"


def read_labels(context: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> dict[str, int | None]:
    """Read `LABEL=VERSION` and `LABEL-`; the latter is None.

    Raises:
        click.BadParameter: One is neither, or a label comes twice.
    """
    del context, parameter
    labels: dict[str, int | None] = {}
    for text in texts:
        label, version = _read(text)
        if label in labels:
            raise click.BadParameter(f"{label} is given twice")
        labels[label] = version
    return labels


def is_number(text: str) -> bool:
    """Whether this is a version number; `isdigit` takes superscripts for digits."""
    return re.fullmatch("[0-9]{1,19}", text) is not None


def _read(text: str) -> tuple[str, int | None]:
    label, equals, number = text.rpartition("=")
    if equals and label and is_number(number):
        return label, int(number)
    if text.endswith("-") and len(text) > 1 and not equals:
        return text[:-1], None
    raise click.BadParameter(f"expected {GRAMMAR}; got {text!r}")
