"""Identity of a servable version."""

from __future__ import annotations

from typing import NamedTuple


class ServableId(NamedTuple):
    """Name and version of one servable version; ordered by name, then version.

    A tuple, because it is hashed and compared on every look-up.
    """

    name: str
    """Name of the servable stream."""
    version: int
    """Version number, >= 0."""

    def __str__(self) -> str:
        return f"{{name: {self.name} version: {self.version}}}"
