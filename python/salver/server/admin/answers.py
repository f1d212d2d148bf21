"""Answers of the admin port that are documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from salver.server.http_response import JSON_HEADERS, HttpResponse


def document_response(document: object, *, status: int = 200, etag: str | None = None) -> HttpResponse:
    """Answer with a dataclass, field for field, and the tag of the configuration if there is one."""
    return text_response(document_text(document), status=status, etag=etag)


def text_response(text: str, *, status: int = 200, etag: str | None = None) -> HttpResponse:
    """Answer with a document that is written already."""
    headers = JSON_HEADERS if etag is None else (*JSON_HEADERS, ("etag", f'"{etag}"'))
    return HttpResponse(status, headers, text.encode() + b"\n")


def document_text(document: object) -> str:
    """Return the JSON of a dataclass, field for field."""
    return json.dumps(document, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    # Not dataclasses.asdict, which copies everything and takes several times as long for thousands of models.
    if isinstance(value, Mapping):
        return dict(value)
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
