"""What the admin API says of a change, and of those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from salver.admin.model import ModelDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place in which the configuration differs."""

    op: str
    """`add`, `remove` or `replace`."""
    path: str
    """A JSON pointer, such as `/models/ranker/version_labels/stable`."""
    before: Any = None
    """None for `add`."""
    after: Any = None
    """None for `remove`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a request changed, or with a dry run would have."""

    is_dry_run: bool
    is_changed: bool
    diff: tuple[Difference, ...]
    etag: str
    """That of the configuration afterwards; of the present one after a dry run."""
    model: ModelDocument | None = None
    """As it is afterwards; None where it was removed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """An attempt to change something."""

    at: str
    """When, RFC 3339 in UTC."""
    actor: str | None
    """Who, by the caller's own word."""
    address: str | None
    """Where the caller is: address and port of its connection, which a proxy before the listener makes its own."""
    request: str
    """What was asked, such as `DELETE /v1/models/ranker`."""
    outcome: str
    """OK where it was accepted, or the name of the code that it was refused with, or has failed with afterwards."""
    is_dry_run: bool = False
    diff: tuple[Difference, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditDocument:
    """The latest attempts to change something."""

    audit: tuple[AuditEntry, ...]
    """Latest first; older ones are in the log alone."""
    num_refusals_left_out: int = 0
    """Refusals at the door that came too fast to be listed."""
