"""What the admin API says of things that happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from salver.admin.change import Difference
from salver.admin.model import Reason

FIELDS: Mapping[str, tuple[str, ...]] = {
    "state": ("model", "version", "state", "reason"),
    "config": ("writer", "diff", "num_differences", "etag"),
    "source": ("model", "reason"),
    "server": ("state",),
    "lost": ("num",),
}
"""The fields that events of each type have beside `id`, `at` and `type`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventDocument:
    """One event; of the fields below the first three, those of its type are set, and the others left out in JSON."""

    id: int
    """Grows with each event, also from one run of a server to the next; not every number is used."""
    at: str
    """When, RFC 3339 in UTC."""
    type: str
    """`state`: a version changed its state; `config`: somebody set other models; `source`: the versions of a model can
    no longer be found, or can again; `server`: the server itself changed its state; `lost`: events up to this one were
    forgotten before they could be told."""
    model: str | None = None
    version: int | None = None
    state: str | None = None
    """Of a version as in `VersionDocument`, of a server as in `ServerDocument`, or STOPPED."""
    reason: Reason | None = None
    """What went wrong, if something did."""
    writer: str | None = None
    """Who set the models."""
    diff: tuple[Difference, ...] | None = None
    """What changed of them; of a large change only the first differences."""
    num_differences: int | None = None
    """How many there were."""
    etag: str | None = None
    """Of the configuration afterwards."""
    num: int | None = None
    """How many events were lost."""

    def to_json(self) -> dict[str, Any]:
        """Return the document with the fields of its type."""
        whole = asdict(self)
        return {name: whole[name] for name in ("id", "at", "type", *FIELDS[self.type])}
