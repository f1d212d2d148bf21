"""Between messages and the documents of the API, which have the same fields by the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salver.wire.pool import Message

PACKAGE = "salver.admin.v1"
_LISTS_THAT_MUST_BE_THERE = {f"{PACKAGE}.VersionPolicy.Specific": "versions"}
"""By message, where JSON asks for a list that may be empty; a message has no other way to say so."""
_LARGEST_EXACT = 2.0**53


def to_document(message: Message) -> dict[str, Any]:
    """Return the fields that are set: for JSON, in which numbers of 64 bits are numbers."""
    needed = _LISTS_THAT_MUST_BE_THERE.get(message.DESCRIPTOR.full_name)
    given = {field.name: _plain(field, value) for field, value in message.ListFields()}
    return given if needed is None else {needed: [], **given}


def from_document(name: str, document: Mapping[str, Any]) -> bytes:
    """Return the serialized message of this name with the fields of a document; those that are null are not set."""
    from google.protobuf.json_format import ParseDict

    from salver.wire.pool import message_class

    message: Any = message_class(f"{PACKAGE}.{name}")()
    ParseDict(document, message)
    return bytes(message.SerializeToString())


def _plain(field: Any, value: Any) -> Any:
    inner = field.message_type
    if inner is None:
        return list(value) if field.is_repeated else value
    if inner.full_name == "google.protobuf.Struct":
        return _of_struct(value)
    if inner.GetOptions().map_entry:
        return dict(value)
    return [to_document(item) for item in value] if field.is_repeated else to_document(value)


def _of_struct(message: Any) -> dict[str, Any]:
    return {name: _of_value(value) for name, value in message.fields.items()}


def _of_value(message: Any) -> Any:
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return _of_struct(message.struct_value)
    if kind == "list_value":
        return [_of_value(item) for item in message.list_value.values]
    if kind == "number_value":
        # It knows no whole numbers, and versions are some.
        number = message.number_value
        return int(number) if number.is_integer() and abs(number) < _LARGEST_EXACT else number
    return None if kind in {None, "null_value"} else getattr(message, kind)
