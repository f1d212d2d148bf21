"""Messages that are not worth a reader by hand, by way of `salver.wire`, which imports protobuf at their first use."""

from __future__ import annotations

from typing import Any

from salver.client.wire_reader import MalformedError


def parsed(name: str, message: bytes) -> Any:
    """Parse a message of `salver.wire`.

    Raises:
        MalformedError: These bytes are none.
    """
    from google.protobuf.message import DecodeError

    from salver import wire

    try:
        return getattr(wire, name).FromString(message)
    except DecodeError as error:
        raise MalformedError(str(error)) from error
