"""Files that hold one message in protobuf text format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from salver.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError

if TYPE_CHECKING:
    from salver.wire import Message


def read_message(path: str, message_name: str, *, what: str) -> Message:
    """Read a file that holds one message in text format.

    Args:
        path: The file.
        message_name: Full name of the message.
        what: What to call the file in errors.

    Raises:
        NotFoundError: There is no such file.
        FailedPreconditionError: It cannot be read.
        InvalidArgumentError: It holds no such message; says where.
    """
    from salver.wire import parse_text  # here, because reading a text alone needs no protobuf

    return parse_text(read_text(path, message_name, what=what), message_name, source=path)


def read_text(path: str, message_name: str, *, what: str) -> str:
    """Read the text of such a file; raises what `read_message` does, but for what is wrong inside."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"there is no {what} {path}") from None
    except OSError as error:
        raise FailedPreconditionError(f"cannot read {what} {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(f"Error parsing text-format {message_name}: {path}: not UTF-8") from error
