"""URLs of the REST API, apart from inference; OPTIONS the data plane answers.

The grammar is that of the reference, anchored and case-insensitive. Two of its traps are left out: a query string is no
part of the path, and the word `metadata` may be in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from salver.boundary import ControlCall
from salver.errors import InvalidArgumentError, UnimplementedError
from salver.server.http_response import AnyResponse, HttpHandler, HttpResponse, html_error

_MODEL = r"/v1/models(?:/(?P<name>[^/:]+))?(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_GET_PATH = re.compile(rf"{_MODEL}(?P<metadata>/metadata)?", re.IGNORECASE)
_POST_PATH = re.compile(rf"{_MODEL}:(?P<verb>classify|regress|predict)", re.IGNORECASE)
_API_PATH = re.compile(r"/v1/.*", re.IGNORECASE | re.DOTALL)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"})
_MAX_VERSION = 2**63 - 1
_MAX_VERSION_DIGITS = 19


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model, and which of its versions, a request speaks of."""

    name: str
    version: int | None = None
    label: str | None = None


ModelHandler: TypeAlias = Callable[[ModelRef], HttpResponse]
"""Answers a GET that names a model; raises a SalverError to refuse."""


class RestRoutes:
    """Answers HTTP calls that are not inference."""

    def __init__(
        self, *, on_status: ModelHandler, on_metadata: ModelHandler, pages: Mapping[str, HttpHandler] | None = None
    ) -> None:
        """Make routes.

        Args:
            on_status: Answers for the status of a model.
            on_metadata: Answers for its metadata.
            pages: Pages by their exact path; they go before the API.
        """
        self._on_status = on_status
        self._on_metadata = on_metadata
        self._pages = dict(pages or {})

    def __call__(self, call: ControlCall) -> AnyResponse:
        """Answer the call; OPTIONS the data plane has answered.

        Raises:
            SalverError: The answer to a request of the API that fails.
        """
        if call.method not in _METHODS:
            return html_error(501, "Not Implemented")
        if call.path in self._pages:
            return self._pages[call.path](call)
        if not _API_PATH.fullmatch(call.path):
            return html_error(404, "Not Found")
        return self._answer(call)

    def _answer(self, call: ControlCall) -> HttpResponse:
        pattern = {"GET": _GET_PATH, "POST": _POST_PATH}.get(call.method)
        found = pattern.fullmatch(call.path) if pattern else None
        if found is None:
            raise InvalidArgumentError(f"Malformed request: {call.method} {call.path}")
        model = _model_ref(found)
        if call.method == "POST":
            # What the data plane can answer it has answered.
            raise UnimplementedError(f"{found['verb']} is not supported over REST")
        return self._on_metadata(model) if found["metadata"] else self._on_status(model)


def _model_ref(found: re.Match[str]) -> ModelRef:
    if found["name"] is None:
        raise InvalidArgumentError("Missing model name in request.")
    digits, label = found["version"], found["label"]
    return ModelRef(
        _decoded(found["name"]),
        None if digits is None else _version_number(digits),
        None if label is None else _decoded(label),
    )


def _version_number(digits: str) -> int:
    # The length is checked first: Python refuses to convert numbers of thousands of digits.
    significant = digits.lstrip("0") or "0"
    if len(significant) > _MAX_VERSION_DIGITS or int(significant) > _MAX_VERSION:
        raise InvalidArgumentError(f"Failed to convert version: {digits} to numeric.")
    return int(significant)


def _decoded(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise InvalidArgumentError(f"{text} is not percent-encoded: expected two hexadecimal digits after each %")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise InvalidArgumentError(f"{text} is not percent-encoded UTF-8") from None
