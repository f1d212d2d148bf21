"""Source adapters: a target of one type that is a source of another.

An adapter sits between a source and a manager, for example to turn storage paths into loaders. It adds no thread: what
comes in goes out on the caller's thread, in the same order.

Until its outgoing side is connected an adapter *blocks* the source that calls it, so nothing is lost by the order of
wiring. A source that emits on the connecting thread (a static one) must therefore be connected last; `detach()` sets a
blocked caller free and drops what it brought.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

from salver.core.servable_data import ServableData
from salver.core.source import AspiredVersionsCallback, TargetBase
from salver.core.storage_path import StoragePath, join_path
from salver.errors import FailedPreconditionError, InternalError, SalverError, as_salver_error

logger = logging.getLogger(__name__)

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")


class SourceAdapter(TargetBase[In], Generic[In, Out]):
    """Turns whole lists of aspired versions into other lists; subclasses write `adapt`."""

    def __init__(self) -> None:
        super().__init__()
        self._is_connected_or_detached = threading.Event()
        self._connect_lock = threading.Lock()  # guards the change of _callback and _is_detached
        self._callback: AspiredVersionsCallback[Out] | None = None
        self._is_detached = False

    @abstractmethod
    def adapt(self, name: str, versions: Sequence[ServableData[In]]) -> Sequence[ServableData[Out]]:
        """Convert the whole list of one stream.

        Called for one list at a time, on the source's thread. An item that cannot be converted becomes an error item
        with the same id; do not raise.
        """

    def adapt_one_version(self, version: ServableData[In]) -> ServableData[Out]:
        """Convert a single item, for callers that hold no list.

        Raises:
            InternalError: The adapter does not map one item to one.
        """
        adapted = self.adapt(version.id.name, [version])
        if len(adapted) != 1:
            raise InternalError(f"Adapting one version of {version.id.name} gave {len(adapted)} items, expected 1")
        return adapted[0]

    def set_aspired_versions_callback(self, callback: AspiredVersionsCallback[Out]) -> None:
        """Connect the outgoing side; sets free a source that waits for it. See `Source`."""
        with self._connect_lock:
            if self._callback is not None:
                raise FailedPreconditionError("set_aspired_versions_callback() was called before; it may be only once")
            self._callback = callback
        self._is_connected_or_detached.set()

    @property
    def is_connected(self) -> bool:
        """Whether the outgoing callback was set."""
        return self._callback is not None

    def wait_until_connected(self) -> bool:
        """Block until the outgoing side is connected (True) or the adapter is detached (False)."""
        self._is_connected_or_detached.wait()
        return not self._is_detached

    def detach(self) -> None:
        """Stop taking notifications; idempotent. A caller that waits for a connection returns, its list dropped."""
        with self._connect_lock:
            self._is_detached = True
        self._is_connected_or_detached.set()
        super().detach()

    def _set_aspired_versions(self, name: str, versions: Sequence[ServableData[In]]) -> None:
        if self.wait_until_connected() and self._callback is not None:
            self._callback(name, self.adapt(name, versions))


class UnarySourceAdapter(SourceAdapter[In, Out]):
    """Converts item by item; subclasses write `convert`."""

    @abstractmethod
    def convert(self, data: In) -> Out:
        """Convert the data of one healthy item; what it raises becomes that version's error."""

    def adapt(self, name: str, versions: Sequence[ServableData[In]]) -> Sequence[ServableData[Out]]:
        """Convert each item; error items pass through."""
        del name
        return [self._convert_item(version) for version in versions]

    def _convert_item(self, version: ServableData[In]) -> ServableData[Out]:
        if version.error is not None:
            return ServableData.failed(version.id, version.error)
        try:
            return ServableData(version.id, self.convert(version.data))
        except SalverError as error:
            return ServableData.failed(version.id, error)
        except Exception as error:
            logger.exception("Converting the data of servable %s failed", version.id)
            return ServableData.failed(version.id, as_salver_error(error))


class IdentitySourceAdapter(UnarySourceAdapter[T, T]):
    """Passes everything on as it is."""

    def convert(self, data: T) -> T:
        """Return `data`."""
        return data


class ErrorInjectingSourceAdapter(SourceAdapter[In, Out]):
    """Turns every item into an error; for streams that nothing can load."""

    def __init__(self, error: SalverError) -> None:
        """Make an adapter that gives `error` to each item that has none of its own."""
        super().__init__()
        self._error = error

    def adapt(self, name: str, versions: Sequence[ServableData[In]]) -> Sequence[ServableData[Out]]:
        """Return error items with the same ids."""
        del name
        return [self._inject(version) for version in versions]

    def _inject(self, version: ServableData[In]) -> ServableData[Out]:
        if version.error is not None:
            return ServableData.failed(version.id, version.error)
        logger.info("Injecting error for servable %s: %s", version.id, self._error.message)
        return ServableData.failed(version.id, self._error)


class PrefixSourceAdapter(UnarySourceAdapter[StoragePath, StoragePath]):
    """Puts a prefix before every storage path."""

    def __init__(self, prefix: str) -> None:
        """Make an adapter for this prefix, a directory or URI; exactly one slash follows it in the result."""
        super().__init__()
        self._prefix = prefix

    def convert(self, data: StoragePath) -> StoragePath:
        """Return the path under the prefix."""
        return join_path(self._prefix, data)
