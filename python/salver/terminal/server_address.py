"""Where a server answers inference, as it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from salver.terminal.options import Command

GRPC_PORT = 8500
"""Where a server speaks gRPC unless it is told otherwise."""


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


def with_port(text: str) -> str:
    """Add the usual port to a host that stands alone; every other address stays as it is."""
    is_alone = ":" not in text.rpartition("]")[2] and "/" not in text
    return f"{text}:{GRPC_PORT}" if text and is_alone else text
