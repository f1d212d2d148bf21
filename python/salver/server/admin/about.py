"""What a route is for and what goes in and out: checked before its handler runs, and told in the OpenAPI document."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from salver.admin.requests import Nothing
from salver.errors import Code

JSON = "application/json"


class Effect(enum.Enum):
    """What a request does to the server."""

    NONE = "none"
    """It reads."""
    ACT = "act"
    """It does something that is no configuration. It is audited."""
    CHANGE = "change"
    """It changes the configuration of the models: audited, with `If-Match` and an `ETag`."""


OF_THE_CONFIGURATION = (
    "The `ETag` is that of the configuration, for `If-Match` of changes; the answer has more than that, such as states "
    "and counts, which change without it, so `If-None-Match` is passed over and no answer is 304."
)
"""Details of a route whose answer shows how things stand, beside the configuration that its tag is of."""


@dataclass(frozen=True, slots=True)
class Content:
    """A body, of a request or of an answer."""

    media_type: str
    kind: type | None = None
    """The dataclass that a JSON body is; None for a body that is not described further."""
    text: str = ""
    """What it is, where no dataclass says so."""


def json_of(kind: type) -> Content:
    """A JSON document with the fields of this dataclass."""
    return Content(JSON, kind)


TEXT = Content("text/plain")


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """The description of a route."""

    summary: str
    """One line, without a full stop."""
    details: str = ""
    """What else is to be known, in Markdown."""
    tag: str = "server"
    """The group of routes that it stands in."""
    query: type | None = Nothing
    """Dataclass of what the query may say; None lets it say anything."""
    body: Content | None = None
    """What is sent; None takes none. Of JSON the handler gets the dataclass."""
    answer: Content
    """What comes back where nothing is wrong."""
    status: int = 200
    """Its HTTP status."""
    codes: tuple[Code, ...] = ()
    """What it may be refused with, beside INVALID_ARGUMENT, and RESOURCE_EXHAUSTED and UNAVAILABLE where it is slow."""
    effect: Effect = Effect.NONE
