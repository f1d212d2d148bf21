"""A loader whose versions are warmed up before they count as loaded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata
from salver.core.storage_path import StoragePath
from salver.servables.wrapping_loader import WrappingLoader

WarmUp: TypeAlias = Callable[[ServableId, object, StoragePath | None, threading.Event], None]
"""Warms up a version: its id, the servable, its directory if it has one, and an event that says to give up."""


class WarmingLoader(WrappingLoader):
    """Loads with another loader, then warms up; to the manager that is one load."""

    def __init__(
        self,
        id: ServableId,
        directory: StoragePath | None,
        make_loader: Callable[[], Loader],
        warm_up: WarmUp,
    ) -> None:
        """Make a loader.

        Args:
            id: The version.
            directory: Where it lies; None for an object of the program.
            make_loader: Makes the loader that does the work, and a new one after a warm-up that failed: a loader is
                not loaded again once it was unloaded.
            warm_up: Called after each load; what it raises fails the load.
        """
        super().__init__(make_loader())
        self._id = id
        self._directory = directory
        self._make_loader = make_loader
        self._warm_up = warm_up
        self._is_warm = False

    @property
    def servable(self) -> object | None:
        """See `Loader.servable`."""
        return super().servable if self._is_warm else None

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """Load and warm up; see `Loader.load`."""
        super().load_with_metadata(metadata)
        try:
            self._warm_up(self._id, self._loader.servable, self._directory, metadata.cancelled)
        except BaseException:
            self._loader.unload()
            self._loader = self._make_loader()
            raise
        self._is_warm = True

    def unload(self) -> None:
        """See `Loader.unload`."""
        self._is_warm = False
        super().unload()
