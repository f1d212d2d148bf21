"""One call of a server, in the words of both protocols and free of sockets.

Transports carry operations; whoever builds one knows nothing of connections, deadlines and retries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from salver.client.model_spec import ModelSpec
from salver.client.signatures import ModelMetadata
from salver.client.wire_writer import Piece, total
from salver.errors import InternalError, InvalidArgumentError

Answer = TypeVar("Answer")
MAX_MESSAGE_BYTES = (1 << 31) - 1
"""What gRPC can send in one message."""


@dataclass(frozen=True)
class RestForm(Generic[Answer]):
    """The REST call for an operation."""

    method: str
    path: str
    decode: Callable[[Any, ModelMetadata | None], Answer]
    """From the JSON document, and the metadata of `model` where that is set."""
    body: Callable[[], bytes] | None = None
    model: ModelSpec | None = None
    """JSON says neither types nor, of a single output, the name: the model's metadata does."""

    def read(self, document: Any, metadata: ModelMetadata | None, name: str) -> Answer:
        """Return `decode` of what a server sent.

        Raises:
            InternalError: It is not what the operation's answer looks like.
        """
        try:
            return self.decode(document, metadata)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InternalError(f"the answer to {name} cannot be read: {type(error).__name__}: {error}") from error


@dataclass(frozen=True)
class Operation(Generic[Answer]):
    """What to ask and how to read the answer."""

    name: str
    """For messages, for example `Predict`."""
    grpc_method: str
    pieces: Callable[[], Sequence[Piece]]
    """The request message."""
    decode: Callable[[bytes], Answer]
    """From the response message."""
    rest: Callable[[], RestForm[Answer]] | None = None
    """None where REST has no such call; built where it is asked for, since gRPC has no use for it."""
    is_repeatable: bool = True
    """Whether it does no harm where the first attempt was carried out after all."""

    def message(self) -> bytes:
        """The request message, joined.

        Raises:
            InvalidArgumentError: It is longer than gRPC can send.
        """
        pieces = self.pieces()
        if (size := total(pieces)) > MAX_MESSAGE_BYTES:
            raise InvalidArgumentError(f"{self.name}: a request of {size} bytes; gRPC takes {MAX_MESSAGE_BYTES}")
        return b"".join(pieces)

    def read(self, message: bytes) -> Answer:
        """Return `decode` of what a server sent.

        Raises:
            InternalError: It is no such message.
            UnimplementedError: It holds what this client has no form for.
        """
        try:
            return self.decode(message)
        except (ValueError, OverflowError) as error:  # MalformedError is one, and numpy has others for absurd shapes
            raise InternalError(f"the answer to {self.name} cannot be read: {error}") from error
