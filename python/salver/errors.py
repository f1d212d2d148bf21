"""Every error of Salver, each with its canonical gRPC code.

SalverError
 +- CancelledError            CANCELLED
 +- UnknownError              UNKNOWN
 +- InvalidArgumentError      INVALID_ARGUMENT
 +- DeadlineExceededError     DEADLINE_EXCEEDED
 +- NotFoundError             NOT_FOUND
 +- AlreadyExistsError        ALREADY_EXISTS
 +- PermissionDeniedError     PERMISSION_DENIED
 +- ResourceExhaustedError    RESOURCE_EXHAUSTED
 +- FailedPreconditionError   FAILED_PRECONDITION
 +- AbortedError              ABORTED
 +- OutOfRangeError           OUT_OF_RANGE
 +- UnimplementedError        UNIMPLEMENTED
 +- InternalError             INTERNAL
 +- UnavailableError          UNAVAILABLE
 +- DataLossError             DATA_LOSS
 +- UnauthenticatedError      UNAUTHENTICATED
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping
from typing import ClassVar


class Code(enum.IntEnum):
    """The canonical gRPC codes; the numbers are the wire numbers."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


HTTP_STATUS: Mapping[Code, int] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""What the data plane answers over HTTP."""


class SalverError(Exception):
    """Base of all errors; `message` may be sent to a client as it is.

    Two errors are equal when code and message are: an error is also a state that gets compared and kept.
    """

    code: ClassVar[Code] = Code.UNKNOWN
    retry_after_s: float | None = None
    """When the same request would have a chance; None where that is not known."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SalverError):
            return NotImplemented
        return self.code == other.code and self.message == other.message

    def __hash__(self) -> int:
        return hash((self.code, self.message))


class CancelledError(SalverError):
    """The work was given up before it ended."""

    code = Code.CANCELLED


class UnknownError(SalverError):
    """A failure that fits no other code."""

    code = Code.UNKNOWN


class InvalidArgumentError(SalverError):
    """What was asked is wrong whatever the state of the system."""

    code = Code.INVALID_ARGUMENT


class DeadlineExceededError(SalverError):
    """The deadline passed first."""

    code = Code.DEADLINE_EXCEEDED


class NotFoundError(SalverError):
    """No such servable, version, file or method."""

    code = Code.NOT_FOUND


class AlreadyExistsError(SalverError):
    """The thing to be made is there."""

    code = Code.ALREADY_EXISTS


class PermissionDeniedError(SalverError):
    """The caller may not do this."""

    code = Code.PERMISSION_DENIED


class ResourceExhaustedError(SalverError):
    """A limit or the memory is used up."""

    code = Code.RESOURCE_EXHAUSTED


class FailedPreconditionError(SalverError):
    """The system is in a state that forbids this."""

    code = Code.FAILED_PRECONDITION


class AbortedError(SalverError):
    """Lost against a concurrent change."""

    code = Code.ABORTED


class OutOfRangeError(SalverError):
    """Beyond the valid range."""

    code = Code.OUT_OF_RANGE


class UnimplementedError(SalverError):
    """Not supported here."""

    code = Code.UNIMPLEMENTED


class InternalError(SalverError):
    """An invariant of the server is broken."""

    code = Code.INTERNAL


class UnavailableError(SalverError):
    """Not now; a retry may succeed."""

    code = Code.UNAVAILABLE


class DataLossError(SalverError):
    """Data is corrupt beyond recovery."""

    code = Code.DATA_LOSS


class UnauthenticatedError(SalverError):
    """The caller has no valid credentials."""

    code = Code.UNAUTHENTICATED


_BY_CODE: dict[Code, type[SalverError]] = {cls.code: cls for cls in SalverError.__subclasses__()}


def error_from_code(code: int, message: str) -> SalverError:
    """Build the error of this wire code; numbers without a class give `UnknownError`."""
    try:
        return _BY_CODE[Code(code)](message)
    except (ValueError, KeyError):
        return UnknownError(message)


def without_traceback(error: SalverError) -> SalverError:
    """Return a copy to be kept as a state.

    The traceback and the cause of an error keep the frames alive that it went through, and with them whatever these
    refer to: half a model, or the pins of other servables.
    """
    return error_from_code(error.code, error.message)


def as_salver_error(error: BaseException) -> SalverError:
    """Return `error` itself, or what a client may know of a foreign one: OSError codes kept, the rest UNKNOWN."""
    if isinstance(error, SalverError):
        return error
    if isinstance(error, FileNotFoundError):
        return NotFoundError(_os_error_text(error))
    if isinstance(error, PermissionError):
        return PermissionDeniedError(_os_error_text(error))
    if isinstance(error, OSError):
        return UnknownError(_os_error_text(error))
    if isinstance(error, MemoryError):
        return ResourceExhaustedError("out of memory")
    return unknown_error(error)


def unknown_error(error: BaseException) -> UnknownError:
    """Return what a client may know of an exception that is not Salver's: type and text, of paths the last part."""
    return UnknownError(f"{type(error).__name__}: {_DIRECTORIES.sub('', str(error))}")


_DIRECTORIES = re.compile(r"""(?<![\w/.])/(?:[^\s/:'"()<>]+/)+""")
"""The directories of an absolute path, not those of a URL or a relative path."""


def _os_error_text(error: OSError) -> str:
    # Of the path only the last part: a client may read this, and is told no server path.
    reason = error.strerror or type(error).__name__
    return f"{reason}: {os.path.basename(str(error.filename))}" if error.filename else reason
