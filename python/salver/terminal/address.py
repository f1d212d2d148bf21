"""Addresses as they are typed."""

from __future__ import annotations

from urllib.parse import urlsplit

import click


def read_host_and_port(text: str) -> tuple[str, int | None]:
    """Read HOST:PORT, HOST or [IPv6]:PORT.

    Raises:
        click.BadParameter: It is none of them.
    """
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.netloc != text or "@" in text or port == 0:
        raise click.BadParameter(f"expected HOST:PORT, got {text!r}")
    return host, port


def host_and_port(host: str, port: int) -> str:
    """Write both as people do."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
