"""What both REST transports have in common: operations to HTTP requests, HTTP answers to documents and errors."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from salver.client.address import RestAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.deadline import Deadline
from salver.client.json_tensors import parse_document
from salver.client.no_answer import NoAnswerError
from salver.client.operation import Operation, RestForm
from salver.client.retry_hint import hint_of_headers
from salver.client.tls import NO_TLS, WRONG_VERSION
from salver.errors import (
    Code,
    InternalError,
    SalverError,
    UnimplementedError,
    error_from_code,
)

Answer = TypeVar("Answer")

_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    408: Code.DEADLINE_EXCEEDED,
    409: Code.ABORTED,
    412: Code.FAILED_PRECONDITION,
    413: Code.RESOURCE_EXHAUSTED,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}
"""Status to code, of several that share a status the most usual."""


@dataclass(frozen=True)
class HttpRequest:
    """One request, ready to be written."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class HttpAnswer:
    """One response, read whole."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes


def rest_form(operation: Operation[Answer]) -> RestForm[Answer]:
    """Return the REST form of an operation.

    Raises:
        UnimplementedError: There is none.
    """
    if operation.rest is None:
        raise UnimplementedError(f"the REST API has no {operation.name}: give the client the gRPC address")
    return operation.rest()


def request_of(form: RestForm[Any], call: Call, address: RestAddress, settings: ClientSettings) -> HttpRequest:
    """Build the request for one attempt."""
    headers = {"host": address.authority, "accept": "application/json", **call.headers}
    body = None
    if form.body is not None:
        body = form.body()
        headers["content-type"] = "application/json"
    if settings.compression:
        headers["accept-encoding"] = "gzip"
        if body is not None:
            body = gzip.compress(body, 1)
            headers["content-encoding"] = "gzip"
    return HttpRequest(form.method, address.prefix + form.path, headers, body)


def document_of(answer: HttpAnswer, address: RestAddress) -> Any:
    """Return the JSON document of an answer.

    Raises:
        SalverError: What the server refuses with, or that it is something else.
    """
    try:
        document = parse_document(_inflated(answer))
    except (ValueError, OSError, EOFError, zlib.error, RecursionError):
        document = None
    if answer.status == 200 and document is not None:
        return document
    raise _refusal(answer, document, address)


def _inflated(answer: HttpAnswer) -> bytes:
    is_packed = answer.headers.get("content-encoding", "").lower() == "gzip"
    return gzip.decompress(answer.body) if is_packed else answer.body


def _refusal(answer: HttpAnswer, document: Any, address: RestAddress) -> SalverError:
    if answer.status == 200:
        return InternalError(f"what answers at {address} sends no JSON; is it the REST port of a model server?")
    message = document.get("error") if isinstance(document, dict) else None
    if not isinstance(message, str):
        message = f"{address} answers with HTTP status {answer.status}"
    made = error_from_code(_CODES.get(answer.status, Code.UNKNOWN), message)
    made.retry_after_s = hint_of_headers(answer.headers)
    return made


def timeout_error(error: TimeoutError, deadline: Deadline, address: RestAddress) -> SalverError:
    """Return what a TimeoutError stands for: the deadline, or the system's own limit, which has a number."""
    return connection_error(error, address) if error.errno else deadline.exceeded()


def connection_error(error: Exception, address: RestAddress) -> SalverError:
    """Return what became of a connection; `error` is an OSError, or of a peer that does not speak HTTP."""
    if isinstance(error, ConnectionError) and error.errno:  # asyncio's own text names the address once more
        return NoAnswerError(f"no answer from {address}: {os.strerror(error.errno)}")
    if isinstance(error, OSError):
        text = error.strerror or str(error) or type(error).__name__
        reason = NO_TLS if WRONG_VERSION in text else text
        return NoAnswerError(f"no answer from {address}: {reason}")
    return NoAnswerError(f"what answers at {address} does not speak HTTP, or stopped in the middle")
