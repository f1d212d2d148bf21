"""What a caller asks a manager for: one version, or the latest or earliest that is available."""

from __future__ import annotations

import enum
from typing import NamedTuple

from salver.core.ids import ServableId


class VersionChoice(enum.IntEnum):
    """Which available version is meant when no number is given."""

    LATEST = 0
    EARLIEST = 1


class ServableRequest(NamedTuple):
    """A request for a servable; build it with `specific`, `latest`, `earliest` or `from_id`.

    A tuple, because it is hashed and compared on every look-up: a caller with many look-ups keeps and reuses it.
    """

    name: str
    """Name of the servable stream."""
    version: int | None = None
    """The version wanted; it wins over `choice`."""
    choice: VersionChoice = VersionChoice.LATEST
    """Which available version is meant when `version` is None."""

    @classmethod
    def specific(cls, name: str, version: int) -> ServableRequest:
        """Exactly this version."""
        return cls(name, version)

    @classmethod
    def latest(cls, name: str) -> ServableRequest:
        """The highest version number that is available."""
        return cls(name)

    @classmethod
    def earliest(cls, name: str) -> ServableRequest:
        """The lowest version number that is available."""
        return cls(name, None, VersionChoice.EARLIEST)

    @classmethod
    def from_id(cls, id: ServableId) -> ServableRequest:
        """Exactly the version `id`."""
        return cls(id.name, id.version)

    def __str__(self) -> str:
        if self.version is not None:
            return f"Specific({self.name}, {self.version})"
        if self.choice is VersionChoice.EARLIEST:
            return f"Earliest({self.name})"
        return f"Latest({self.name})"
