"""Addresses as options of commands."""

from __future__ import annotations

import click

from salver import address
from salver.errors import InvalidArgumentError


def read_host_and_port(text: str) -> tuple[str, int | None]:
    """See `salver.address.read_host_and_port`.

    Raises:
        click.BadParameter: It is no address.
    """
    try:
        return address.read_host_and_port(text)
    except InvalidArgumentError as error:
        raise click.BadParameter(error.message) from None
