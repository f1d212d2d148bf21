"""What the commands of `salver ctl` have in common."""

from __future__ import annotations

import sys
from urllib.parse import quote

import click
from click.shell_completion import CompletionItem

from salver.ctl.client import DEFAULT_PORT, Address, AdminClient, Request
from salver.errors import SalverError
from salver.terminal import options
from salver.terminal.address import read_host_and_port
from salver.terminal.names import read_name
from salver.terminal.options import Command
from salver.terminal.ranges import Number

_COMPLETION_TIMEOUT_S = 2.0
"""Nobody waits longer for a shell."""


def read_address(text: str) -> Address:
    """Read HOST:PORT, HOST or [IPv6]:PORT.

    Raises:
        click.BadParameter: It is none of them.
    """
    host, port = read_host_and_port(text)
    return Address(host, DEFAULT_PORT if port is None else port)


def address_option(command: Command) -> Command:
    """Add `--address`."""
    return click.option(
        "--address",
        type=read_address,
        default=str(Address()),
        show_default=True,
        envvar="SALVER_ADMIN_ADDRESS",
        show_envvar=True,
        metavar="HOST:PORT",
        help="The admin listener of the server (its flags --admin_host and --admin_port).",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`."""
    return options.json_option("Print the answer of the server as it is.")(command)


def watch_option(command: Command) -> Command:
    """Add `--watch`."""
    return click.option(
        "--watch",
        "period_s",
        type=Number(min=0.1),
        metavar="SECONDS",
        help="Show it again after so many seconds, until Ctrl-C.",
    )(command)


def model_argument(command: Command) -> Command:
    """Add the argument MODEL, which shells complete."""
    return click.argument("model", type=read_name, shell_complete=complete_model)(command)


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the names of models that the server has."""
    del param
    try:
        client = AdminClient(ctx.params.get("address") or Address())
        document = client.send(Request(path=path_of("models"), timeout_s=_COMPLETION_TIMEOUT_S))
        names = {str(model["name"]) for model in document["models"]}
    except (SalverError, KeyError, TypeError):
        return []
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


def confirm(question: str) -> None:
    """Ask back, where there is somebody to ask; a script is taken at its word.

    Raises:
        click.Abort: The answer is no.
    """
    if sys.stdin.isatty():
        click.confirm(question, abort=True)


def path_of(*segments: str | int) -> str:
    """A path of the admin API below /v1, from segments of any text."""
    return "/v1" + "".join(f"/{quote(str(segment), safe='')}" for segment in segments)
