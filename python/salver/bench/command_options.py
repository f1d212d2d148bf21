"""Options of `salver bench` that say how much is sent and what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from salver.terminal.options import (
    FILE,
    Command,
    concurrency_option,
    duration_option,
    length_option,
    rate_option,
    timeout_option,
)
from salver.terminal.ranges import Number, WholeNumber


def read_headers(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Read NAME=VALUE pairs; names become lower-case, as HTTP/2 wants them.

    Raises:
        click.UsageError: One is no such pair.
    """
    headers = []
    for item in given:
        name, equals, value = item.partition("=")
        if not name or not equals:
            raise click.UsageError(f"--header takes NAME=VALUE, got {item!r}")
        headers.append((name.lower(), value))
    return tuple(headers)


def shape_options(command: Command) -> Command:
    """Add those that say how much is sent, and for how long."""
    options = (
        concurrency_option("Requests in flight.  [default: 64]", maximum=100_000),
        click.option(
            "--connections", type=WholeNumber(1, 4096), help="That they are spread over (gRPC).  [default: up to 8]"
        ),
        rate_option("Requests a second, sent when due.", max_per_s=5e6),
        click.option(
            "--arrivals",
            "spacing",
            type=click.Choice(["poisson", "constant"]),
            help="With --rate: at random times, or evenly spaced.  [default: poisson; constant for --find-knee]",
        ),
        duration_option(10.0, "How long it is measured."),
        click.option("--requests", "num_requests", type=WholeNumber(min=1), help="In its place: how many count."),
        click.option(
            "--warmup",
            "warmup_s",
            type=Number(min=0),
            default=1.0,
            show_default=True,
            metavar="SECONDS",
            help="Load before that, which does not count.",
        ),
        timeout_option(10.0, "Longest that one request may take."),
        click.option(
            "--threads",
            "num_threads",
            type=WholeNumber(1, 64),
            default=1,
            show_default=True,
            help="Of the generator.",
        ),
        click.option("--seed", type=WholeNumber(min=0), default=0, help="Of random arrivals."),
    )
    return _added(command, options)


def body_options(command: Command) -> Command:
    """Add those that say what is sent."""
    options = (
        click.option("--rows", type=WholeNumber(min=1), default=1, show_default=True, help="Of a request made up."),
        length_option,
        click.option("--body", type=FILE, help="Requests from a .json, .npz or TFRecord file."),
        click.option("--header", multiple=True, metavar="NAME=VALUE", help="Sent with each request; may be repeated."),
    )
    return _added(command, options)


def _added(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    for option in reversed(tuple(options)):
        command = option(command)
    return command
