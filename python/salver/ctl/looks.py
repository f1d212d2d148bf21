"""Showing a document of the server: once or again and again, drawn or as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import click
from rich.console import RenderableType
from rich.live import Live

from salver.terminal.screen import console, print_view

Look = Callable[[], Any]
"""Asks for the document."""


def show(look: Look, view: Callable[[Any], RenderableType], *, period_s: float | None, as_json: bool) -> None:
    """Show what `look` gives: once, or after each period until Ctrl-C.

    Args:
        look: Asks for the document.
        view: Draws it.
        period_s: Time between two looks; None looks once.
        as_json: Whether it is printed as it is instead, a line for each look of a watch.
    """
    documents = _looks(look, period_s)
    try:
        if as_json:
            _print_json(documents, indent=None if period_s else 2)
        else:
            _draw(map(view, documents), is_watched=period_s is not None)
    except KeyboardInterrupt:
        return  # how a watch ends


def _looks(look: Look, period_s: float | None) -> Iterator[Any]:
    yield look()
    while period_s is not None:
        time.sleep(period_s)
        yield look()


def _print_json(documents: Iterator[Any], indent: int | None) -> None:
    for document in documents:
        click.echo(json.dumps(document, indent=indent))


def _draw(views: Iterator[RenderableType], *, is_watched: bool) -> None:
    terminal = console()
    if not (is_watched and terminal.is_terminal):
        for view in views:
            print_view(view)
        return
    with Live(console=terminal, auto_refresh=False, vertical_overflow="visible") as live:
        for view in views:
            live.update(view, refresh=True)
