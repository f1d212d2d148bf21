"""A loader around a loader, for what is to happen at the loads of every kind of servable."""

from __future__ import annotations

from salver.core.loader import Loader, LoadMetadata
from salver.core.resources import ResourceAllocation


class WrappingLoader(Loader):
    """Passes everything on; a subclass adds to it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    @property
    def servable(self) -> object | None:
        """See `Loader.servable`."""
        return self._loader.servable

    def estimate_resources(self) -> ResourceAllocation:
        """See `Loader.estimate_resources`."""
        return self._loader.estimate_resources()

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """See `Loader.load_with_metadata`."""
        self._loader.load_with_metadata(metadata)

    def unload(self) -> None:
        """See `Loader.unload`."""
        self._loader.unload()
