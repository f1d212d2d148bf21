"""Text-format files to messages, with errors an operator can act on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from google.protobuf import text_format

from salver.errors import InvalidArgumentError
from salver.nearest import nearest
from salver.wire.pool import Message, message_class, pool

_UNKNOWN_FIELD = re.compile(r'Message type "(?P<type>[\w.]+)" (?:has no|does not have a) field named "(?P<name>[^"]*)"')
_UNKNOWN_VALUE = re.compile(r'Enum type "(?P<type>[\w.]+)" has no value named (?P<name>\w+)')
_FIELD_NAME = re.compile(r"[a-z_]{1,20}")
_POSITION = re.compile(r"^\d+:\d+ : ")


def parse_text(text: str, message_name: str, *, source: str = "<text>", is_secret: bool = False) -> Message:
    """Read one message in text format; `Any` fields may be written expanded.

    Args:
        text: The content of the file.
        message_name: Full name of the message.
        source: What to call the text in errors, usually the name of its file.
        is_secret: Whether errors may quote nothing of the text but a mistyped name of a field.

    Raises:
        InvalidArgumentError: Not such a message; says where, and which known name is nearest to an unknown one.
    """
    message: Any = message_class(message_name)()
    try:
        text_format.Parse(text, message, descriptor_pool=pool())
    # Beside its own error, the parser lets numbers beyond an enum's and nesting beyond Python's limit through.
    except (text_format.ParseError, ValueError, RecursionError) as error:
        place, reason = _place_and_reason(error, text)
        if is_secret and not _mistyped(reason):
            reason = "malformed text"
        raise InvalidArgumentError(
            f"Error parsing text-format {message_name}: {source}{place}: {reason}{_suggestion(reason)}"
        ) from error
    return cast("Message", message)


def format_text(message: Message) -> str:
    """The message in text format, with `Any` fields expanded where their type is known."""
    unchecked: Any = message
    text: str = text_format.MessageToString(unchecked, descriptor_pool=pool())
    return text


def _place_and_reason(error: Exception, text: str) -> tuple[str, str]:
    if not isinstance(error, text_format.ParseError):
        return "", str(error)
    reason = _POSITION.sub("", str(error)).removesuffix(".")
    line, column = error.GetLine(), error.GetColumn()
    if line is None:
        return "", reason
    # The parser quotes the line; it may be a private key, and the place says enough.
    quoted = text.split("\n")[line - 1] if 0 < line <= text.count("\n") + 1 else ""
    return f":{line}:{column or 1}", reason.removeprefix(f"'{quoted}': ")


def _mistyped(reason: str) -> bool:
    found = _UNKNOWN_FIELD.search(reason)
    return found is not None and _FIELD_NAME.fullmatch(found["name"]) is not None


def _suggestion(reason: str) -> str:
    if found := _UNKNOWN_FIELD.search(reason):
        known = [field.name for field in pool().FindMessageTypeByName(found["type"]).fields]
        return _nearest(found["name"], known)
    if found := _UNKNOWN_VALUE.search(reason):
        known = [value.name for value in pool().FindEnumTypeByName(found["type"]).values]
        return _nearest(found["name"], known)
    return ""


def _nearest(name: str, known: Sequence[str]) -> str:
    guess = nearest(name, known)
    if guess is not None:
        return f'; did you mean "{guess}"?'
    return f"; known: {', '.join(sorted(known))}" if known else ""
