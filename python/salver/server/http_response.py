"""What HTTP clients get beside errors of the API: JSON bodies and the bare pages of the HTTP layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from salver.boundary import AnswerStream, ControlCall
from salver.errors import Code

JSON_HEADERS = (("content-type", "application/json"),)
_TEXT_HEADERS = (("content-type", "text/plain; charset=utf-8"),)
_HTML_HEADERS = (("content-type", "text/html"), ("connection", "close"))


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


SendPieces: TypeAlias = Callable[[AnswerStream], None]
"""Gives the pieces of an answer and its end, or hands the stream to whoever does and returns; raises a SalverError to
break it off. What waits for the client belongs into handlers that are told to be slow."""


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response whose body comes over time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    send: SendPieces


AnyResponse: TypeAlias = HttpResponse | StreamedResponse

HttpHandler: TypeAlias = Callable[[ControlCall], AnyResponse]
"""Answers a call; raises a SalverError to refuse, which the data plane turns into the JSON form of errors."""


def json_response(text: str) -> HttpResponse:
    """Answer 200 with a JSON document."""
    return HttpResponse(200, JSON_HEADERS, text.encode())


def json_error(status: int, code: Code, message: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpResponse:
    """Answer with an error in the form of the admin port, where the status is not that of the code."""
    import json

    body = json.dumps({"error": message, "code": code.name}) + "\n"
    return HttpResponse(status, (*JSON_HEADERS, *headers), body.encode())


def text_response(status: int, text: str) -> HttpResponse:
    """Answer with plain text."""
    return HttpResponse(status, _TEXT_HEADERS, text.encode())


def html_error(status: int, reason: str) -> HttpResponse:
    """Answer as the HTTP layer does below the REST API."""
    title = f"<TITLE>{status} {reason}</TITLE>"
    body = f"<HTML><HEAD>\n{title}\n</HEAD><BODY>\n<H1>{reason}</H1>\n</BODY></HTML>\n"
    return HttpResponse(status, _HTML_HEADERS, body.encode())
