"""What the commands of `salver ctl` have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from salver.ctl.client import DEFAULT_PORT, Address

Command = TypeVar("Command", bound=Callable[..., Any])


def read_address(text: str) -> Address:
    """Read HOST:PORT, HOST or [IPv6]:PORT.

    Raises:
        click.BadParameter: It is none of them.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.netloc != text or "@" in text:
        raise click.BadParameter(f"expected HOST:PORT, got {text!r}")
    return Address(host, DEFAULT_PORT if port is None else port)


def address_option(command: Command) -> Command:
    """Add `--address`."""
    return click.option(
        "--address",
        type=read_address,
        default=str(Address()),
        show_default=True,
        metavar="HOST:PORT",
        help="The admin listener of the server (its flags --admin_host and --admin_port).",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer of the server as it is.")(command)
