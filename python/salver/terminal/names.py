"""Names that are given as arguments."""

from __future__ import annotations

import click


def read_name(text: str) -> str:
    """Return a name as it is.

    Raises:
        click.BadParameter: It is empty, as what a script makes of a variable that it forgot to set.
    """
    if not text:
        raise click.BadParameter("expected a name, got an empty text")
    return text
