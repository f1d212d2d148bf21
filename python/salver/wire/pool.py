"""The messages of the wire, in a descriptor pool of their own.

The default pool of a process belongs to whoever imports generated protobuf modules, and two definitions of one message
in it are an error; a process may well import tensorflow, tensorflow-serving-api or grpcio-health-checking beside this
package. So nothing is registered there: the pool is private, built once on first use (about a millisecond), and classes
are made one by one as they are asked for. Messages of this pool and of the default pool are different classes with the
same bytes.
"""

# ruff: noqa: D102, N802 -- the methods of the two protocols are protobuf's, names and meanings

from __future__ import annotations

import functools
import os
from typing import Any, Protocol, Self, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Message(Protocol):
    """An instance of a wire message; fields are attributes, as protobuf's Python documentation describes."""

    def SerializeToString(self, *, deterministic: bool = False) -> bytes: ...
    def ParseFromString(self, serialized: bytes, /) -> int: ...
    def MergeFrom(self, other: Self, /) -> None: ...
    def CopyFrom(self, other: Self, /) -> None: ...
    def HasField(self, field_name: str, /) -> bool: ...
    def WhichOneof(self, oneof_group: str, /) -> str | None: ...
    def ListFields(self) -> list[tuple[Any, Any]]: ...
    def ClearField(self, field_name: str, /) -> None: ...
    def __getattr__(self, name: str, /) -> Any: ...
    def __setattr__(self, name: str, value: Any, /) -> None: ...


class MessageClass(Protocol):
    """The class of a wire message; nested messages and enum values are attributes."""

    def __call__(self, **fields: Any) -> Message: ...
    def FromString(self, serialized: bytes, /) -> Message: ...
    def __getattr__(self, name: str, /) -> Any: ...


@functools.cache
def pool() -> Any:
    """The private pool with every message, enum and service of `proto/`."""
    # Not importlib.resources: its import takes longer than all of this, and the extension rules out zipped packages.
    with open(os.path.join(os.path.dirname(__file__), "descriptors.binpb"), "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
    private = descriptor_pool.DescriptorPool()
    for described in files.file:
        private.AddSerializedFile(described.SerializeToString())
    return private


@functools.cache
def message_class(full_name: str) -> MessageClass:
    """The class of a message by its full name.

    Raises:
        KeyError: There is no such message.
    """
    made = message_factory.GetMessageClass(pool().FindMessageTypeByName(full_name))
    return cast("MessageClass", made)  # The published stubs know no fields.
