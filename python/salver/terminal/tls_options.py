"""TLS as command lines ask for it; the files have the names that curl gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

_FILE = click.Path(dir_okay=False, exists=True)


@dataclass(frozen=True, kw_only=True)
class TlsChoice:
    """What is asked for; files are PEM."""

    is_wanted: bool = False
    """Whether TLS is spoken whatever the address says."""
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None

    def __bool__(self) -> bool:
        return self.is_wanted


def tls_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of TLS, and hand them on as the one argument `tls`: a `TlsChoice`."""

    @click.option("--tls", is_flag=True, help="Speak TLS, as the options below also mean.")
    @click.option("--cacert", type=_FILE, help="Authorities to trust; by default those of this machine.")
    @click.option("--cert", type=_FILE, help="Certificate of the client, with --key.")
    @click.option("--key", type=_FILE, help="Its key.")
    @click.option(
        "--tls-server-name", metavar="NAME", help="The name in the server's certificate; by default the host."
    )
    @wraps(command)
    def run(
        *arguments: Any,
        tls: bool,
        cacert: str | None,
        cert: str | None,
        key: str | None,
        tls_server_name: str | None,
        **rest: Any,
    ) -> None:
        if (cert is None) != (key is None):
            raise click.UsageError("--cert and --key come together")
        is_wanted = tls or bool(cacert or cert or tls_server_name)
        choice = TlsChoice(is_wanted=is_wanted, ca=cacert, certificate=cert, key=key, server_name=tls_server_name)
        command(*arguments, tls=choice, **rest)

    return run
