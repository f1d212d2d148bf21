"""A loader for a servable that is there already."""

from __future__ import annotations

from salver.core.loader import ResourceUnsafeLoader


class ReadyLoader(ResourceUnsafeLoader):
    """Hands out an object of the program that embeds the server; the program keeps what it takes to run it."""

    def __init__(self, servable: object) -> None:
        self._given = servable
        self._servable: object | None = None

    @property
    def servable(self) -> object | None:
        """See `Loader.servable`."""
        return self._servable

    def load(self) -> None:
        """Make the object available."""
        self._servable = self._given

    def unload(self) -> None:
        """Let go of the object."""
        self._servable = self._given = None
