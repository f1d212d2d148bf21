"""What the values of a document's field may be, beyond their type; written as `Annotated[int, Limits(minimum=0)]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_VERSION = 2**63 - 1
"""Highest number of a version: that of the wire."""
MAX_WAIT_S = 600.0
"""Longest wait that a request may ask for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds of a value, of an item, or of the value of a mapping; None is no bound."""

    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    """All texts that there are; none is any text."""
    min_length: int | None = None
    """Of a text, in characters."""
    pattern: str | None = None
    """A regular expression that a text has to match from its beginning."""
    schema: Mapping[str, Any] | None = None
    """A JSON schema in place of all this, for values that a dataclass cannot say; the reader does not check them."""


VERSION = Limits(minimum=0, maximum=MAX_VERSION)
NAME = Limits(min_length=1)
WAIT_S = Limits(minimum=0, maximum=MAX_WAIT_S)
