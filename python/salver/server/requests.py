"""Reading the messages of gRPC requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salver.errors import InvalidArgumentError

if TYPE_CHECKING:
    from salver.wire.pool import Message

_PACKAGE = "tensorflow.serving"


def parsed(name: str, body: bytes, package: str = _PACKAGE) -> Message:
    """Return the message of this type.

    Raises:
        InvalidArgumentError: The bytes are no such message.
    """
    from google.protobuf.message import DecodeError

    from salver.wire.pool import message_class

    try:
        return message_class(f"{package}.{name}").FromString(body)
    except DecodeError as error:
        raise InvalidArgumentError(f"The request is not a valid {name}: {error}") from None
