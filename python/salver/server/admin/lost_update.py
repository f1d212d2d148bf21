"""Optimistic locking: a change that was made up from a configuration that is no longer in force is refused."""

from __future__ import annotations

import re

from salver.errors import AbortedError, InvalidArgumentError
from salver.server.model_list import ModelList

_TAG = re.compile(r'\s*(?:(W/)?"([^"]*)"|([^\s",*]+)|(\*))\s*')


class LostUpdateError(AbortedError):
    """Somebody else changed the models since the caller looked; HTTP status 412."""


class IfMatch:
    """What the header `If-Match` says: which lists of models may be changed."""

    def __init__(self, header: str | None) -> None:
        """Read the header; None matches everything.

        Raises:
            InvalidArgumentError: It is no list of entity tags.
        """
        self._tags: set[str] | None = None if header is None else _read(header)

    def check(self, present: ModelList) -> None:
        """Check that these models may be changed.

        Raises:
            LostUpdateError: They may not.
        """
        if self._tags is not None and not self._tags & {present.etag, "*"}:
            raise LostUpdateError(
                f'the models were changed meanwhile: their ETag is "{present.etag}" now; look again and decide anew'
            )


def _read(header: str) -> set[str]:
    tags = set()
    for part in header.split(","):
        found = _TAG.fullmatch(part)
        if found is None:
            raise InvalidArgumentError(f"If-Match must be an ETag in double quotes, got {header[:80]}")
        is_weak, quoted, bare, star = found.groups()
        # By RFC 9110 a weak tag never matches here. A bare one is what is left when a shell takes the quotes.
        if not is_weak:
            tags.add(star or bare or quoted)
    return tags
