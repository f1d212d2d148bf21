"""Where a server answers inference, as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from salver.address import GRPC_PORT
from salver.terminal.options import Command


def server_address_option(read: Callable[[str], Any]) -> Callable[[Command], Command]:
    """`--address`: what `read` makes of it, or raises click.BadParameter for."""
    return click.option(
        "--address",
        type=read,
        default=f"localhost:{GRPC_PORT}",
        show_default=True,
        metavar="ADDRESS",
        help="HOST:PORT for gRPC, http://HOST:PORT or https://HOST:PORT for REST.",
    )
