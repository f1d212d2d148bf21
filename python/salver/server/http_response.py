"""What HTTP clients get: JSON bodies, JSON errors and the bare pages of the HTTP layer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType

from salver.errors import Code, SalverError

JSON_HEADERS = (("content-type", "application/json"),)
_HTML_HEADERS = (("content-type", "text/html"), ("connection", "close"))

HTTP_STATUS = MappingProxyType(
    {
        Code.OK: 200,
        Code.CANCELLED: 499,
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
        Code.UNAVAILABLE: 503,
        Code.UNAUTHENTICATED: 401,
    }
)
"""HTTP status by code; codes that are not here are 500."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def json_response(text: str) -> HttpResponse:
    """Answer 200 with a JSON document."""
    return HttpResponse(200, JSON_HEADERS, text.encode())


def error_response(error: SalverError) -> HttpResponse:
    """Answer with an error in the form of the REST API."""
    body = json.dumps({"error": error.message}, indent=4, ensure_ascii=False)
    return HttpResponse(HTTP_STATUS.get(error.code, 500), JSON_HEADERS, body.encode(errors="replace"))


def html_error(status: int, reason: str) -> HttpResponse:
    """Answer as the HTTP layer does below the REST API."""
    title = f"<TITLE>{status} {reason}</TITLE>"
    body = f"<HTML><HEAD>\n{title}\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
    return HttpResponse(status, _HTML_HEADERS, body.encode())
