"""Options of `salver bench` that say how much is sent and what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_POSITIVE = click.FloatRange(min=0, min_open=True)


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
        click.option("--concurrency", type=click.IntRange(1, 100_000), help="Requests in flight.  [default: 64]"),
        click.option(
            "--connections", type=click.IntRange(1, 4096), help="That they are spread over (gRPC).  [default: up to 8]"
        ),
        click.option("--rate", type=click.FloatRange(0, 5e6, min_open=True), help="Requests a second, sent when due."),
        click.option(
            "--arrivals",
            "spacing",
            type=click.Choice(["poisson", "constant"]),
            help="With --rate: at random times, or evenly spaced.  [default: poisson; constant for --find-knee]",
        ),
        click.option(
            "--duration", "duration_s", type=_POSITIVE, default=10.0, show_default=True, help="Seconds that count."
        ),
        click.option("--requests", "num_requests", type=click.IntRange(min=1), help="In its place: how many count."),
        click.option(
            "--warmup", "warmup_s", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Seconds before."
        ),
        click.option("--timeout", "timeout_s", type=_POSITIVE, default=10.0, show_default=True, help="Of a request."),
        click.option(
            "--threads",
            "num_threads",
            type=click.IntRange(1, 64),
            default=1,
            show_default=True,
            help="Of the generator.",
        ),
        click.option("--seed", type=click.IntRange(min=0), default=0, help="Of random arrivals."),
    )
    return _added(command, options)


def tls_and_body_options(command: Command) -> Command:
    """Add those that say what is sent, and how."""
    file = click.Path(dir_okay=False)
    options = (
        click.option("--rows", type=click.IntRange(min=1), default=1, show_default=True, help="Of a request made up."),
        click.option("--length", type=click.IntRange(min=1), help="Of open dimensions of inputs that are made up."),
        click.option("--body", type=file, help="Requests from a .json, .npz or TFRecord file."),
        click.option("--header", multiple=True, metavar="NAME=VALUE", help="Sent with each request; may be repeated."),
        click.option("--tls", is_flag=True, help="Speak TLS."),
        click.option("--tls-ca", type=file, help="Authorities to believe; by default the machine's own."),
        click.option("--tls-cert", type=file, help="Certificate of the client."),
        click.option("--tls-key", type=file, help="Its key."),
        click.option("--tls-server-name", help="The name in the server's certificate; by default the host."),
    )
    return _added(command, options)


def _added(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    for option in reversed(tuple(options)):
        command = option(command)
    return command
