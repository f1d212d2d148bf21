"""The life-cycle handle of one servable version: the plug-in point for every kind of model."""

from __future__ import annotations

import abc
import threading
from dataclasses import dataclass, field

from salver.core.ids import ServableId
from salver.core.resources import ResourceAllocation
from salver.errors import UnimplementedError


@dataclass(frozen=True, slots=True)
class LoadMetadata:
    """What the manager tells a loader about the load it asks for."""

    id: ServableId
    """The version being loaded."""
    cancelled: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)
    """Set once the load is no longer wanted: a load that takes long may then give up, by a CancelledError."""


class Loader(abc.ABC):
    """Loads and unloads one servable version, and says what it needs.

    What a manager guarantees:
        - one load that succeeds, then one unload; a load that failed may be called again (retries), and a loader is
          never loaded again after `unload`;
        - `load_with_metadata` and `unload` of one loader never run at the same time;
        - `unload` is called only when every handle and every request that used the servable is gone;
        - both run on a manager thread (or, with zero threads, on the thread that called the manager), never on a
          thread that serves requests, and no lock of the manager is held meanwhile;
        - a loaded loader is not dropped before it is unloaded.

    What a loader guarantees is written at each method.
    """

    @abc.abstractmethod
    def estimate_resources(self) -> ResourceAllocation:
        """Return an upper bound of what the servable occupies, once loaded.

        Called before the load, and again for every loaded version whenever another one asks for room: it must be
        cheap (keep the answer) and thread-safe. Later answers may only be lower; before the load a resource may be
        left unbound to an instance of its device, afterwards it must be bound where there are several.

        Raises:
            SalverError: No estimate can be made; the load is tried again, as a failed load is.
        """

    def load(self) -> None:
        """Bring the servable into memory; blocks until it can serve.

        Raises:
            Exception: The load failed and left nothing behind.
        """
        raise UnimplementedError("Load isn't implemented.")

    def load_with_metadata(self, metadata: LoadMetadata) -> None:
        """Like `load`, knowing which version is loaded. Managers call this one; it forwards to `load`."""
        del metadata
        self.load()

    @abc.abstractmethod
    def unload(self) -> None:
        """Free the servable: the loader gives up its own reference and whatever the servable held."""

    @property
    @abc.abstractmethod
    def servable(self) -> object | None:
        """The servable, always the same object, between a load that succeeded and the unload; otherwise None."""


class ResourceUnsafeLoader(Loader):
    """A loader without an estimate: it is admitted whatever room is left."""

    def estimate_resources(self) -> ResourceAllocation:
        """Return the empty allocation."""
        return ResourceAllocation()
