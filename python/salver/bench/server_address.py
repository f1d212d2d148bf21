"""Where a server to be measured is, and what it speaks there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import click

from salver.address import GRPC_PORT, host_and_port
from salver.terminal.address import read_host_and_port

_WEB_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class ServerAddress:
    """A listener of a server."""

    host: str
    port: int
    protocol: Literal["grpc", "rest"] = "grpc"
    is_secure: bool = False
    """Whether it says by itself that TLS is spoken."""

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


def read_server_address(text: str) -> ServerAddress:
    """Read HOST:PORT or HOST for gRPC, http://HOST:PORT or https://HOST:PORT for REST.

    Raises:
        click.BadParameter: It is none of them.
    """
    scheme, has_scheme, rest = text.partition("://")
    if not has_scheme:
        host, port = read_host_and_port(text)
        return ServerAddress(host=host, port=port or GRPC_PORT)
    if scheme not in _WEB_PORTS:
        raise click.BadParameter(f"expected HOST:PORT for gRPC or http://HOST:PORT for REST, got {text!r}")
    host, port = read_host_and_port(rest.removesuffix("/"))
    return ServerAddress(host=host, port=port or _WEB_PORTS[scheme], protocol="rest", is_secure=scheme == "https")
