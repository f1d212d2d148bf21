"""Where aspired versions come from, and where they go.

A *source* says, for one servable stream at a time, which versions should be loaded. A *target* takes that in. The
guarantees
that hold between any source and any target:

    1. One call speaks of one stream: `callback(name, versions)`, and `item.id.name == name` for every item.
    2. The list is the whole truth for that stream. A version left out is to be unloaded, an empty list unloads all.
    3. The order of the items is without meaning. No version number occurs twice.
    4. Repeating a list changes nothing, even if it carries new data objects for the same versions.
    5. A source may call from any thread, at any time after it was connected, also during the connection itself. Two
       calls for the same stream never overlap, so that the last call is the last word.
    6. The target only notes what is aspired; it does not load inside the call. A source must not rely on when, or
       whether, a version gets loaded, and must accept that a version it aspires may be loaded already.
    7. An item may be an error: the version should exist, but is broken.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from salver.core.servable_data import ServableData

T = TypeVar("T")

AspiredVersionsCallback = Callable[[str, Sequence[ServableData[T]]], None]
"""Called with a stream's name and the complete list of its aspired versions."""


class Source(Protocol[T]):
    """Emits lists of aspired versions under the guarantees of this module."""

    def set_aspired_versions_callback(self, callback: AspiredVersionsCallback[T]) -> None:
        """Connect the source; it may emit at once, on this thread or on its own.

        Called at most once.

        Raises:
            FailedPreconditionError: Called before; the first callback stays.
        """
        ...


class Target(Protocol[T]):
    """Takes in lists of aspired versions."""

    def get_aspired_versions_callback(self) -> AspiredVersionsCallback[T]:
        """Return a callback for a source. Thread-safe; may be called many times.

        The callback stays valid for ever: once the target is detached it does nothing.
        """
        ...


class TargetBase(ABC, Generic[T]):
    """A target whose notifications come one at a time and can be shut off.

    The owner calls `detach()` before it takes the target apart.
    """

    def __init__(self) -> None:
        self._gate: _Gate[T] = _Gate(self._set_aspired_versions)

    def get_aspired_versions_callback(self) -> AspiredVersionsCallback[T]:
        """See `Target`."""
        return self._gate

    def detach(self) -> None:
        """Stop taking notifications; idempotent.

        Blocks for a notification that runs on another thread; later ones are dropped.
        """
        self._gate.close()

    @abstractmethod
    def _set_aspired_versions(self, name: str, versions: Sequence[ServableData[T]]) -> None:
        """Take in one stream's list. Never runs twice at once, never after `detach()` has returned."""


class _Gate(Generic[T]):
    """The callback handed to sources; lets go of its target when closed."""

    def __init__(self, on_versions: AspiredVersionsCallback[T]) -> None:
        self._lock = threading.RLock()  # held while notifying
        self._on_versions: AspiredVersionsCallback[T] | None = on_versions

    def __call__(self, name: str, versions: Sequence[ServableData[T]]) -> None:
        with self._lock:
            if self._on_versions is not None:
                self._on_versions(name, versions)

    def close(self) -> None:
        with self._lock:
            self._on_versions = None


def connect(source: Source[T], target: Target[T]) -> None:
    """Let `source` emit to `target`.

    Connect a chain from its end: first the last adapter to the manager, at last the source, which may emit at once.

    Raises:
        FailedPreconditionError: The source is connected already.
    """
    source.set_aspired_versions_callback(target.get_aspired_versions_callback())
