"""What is drawn on standard output."""

from __future__ import annotations

import io
import os

import click
from rich.console import Console, RenderableType

_WIDE = 1000
"""Columns of what is no terminal: programs get whole lines, and words that are not cut."""


def console() -> Console:
    """Standard output, with no colours but those that a view has."""
    return Console(highlight=False)


def print_view(view: RenderableType) -> None:
    """Draw once: as wide as the terminal is, or in a pipe or a file as wide as it needs to be."""
    terminal = console()
    if terminal.is_terminal or "COLUMNS" in os.environ:
        terminal.print(view)
        return
    wide = Console(highlight=False, width=_WIDE, file=io.StringIO())
    with wide.capture() as captured:
        wide.print(view)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
