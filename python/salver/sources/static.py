"""A source that never changes its mind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from salver.core.servable_data import ServableData
from salver.core.source import AspiredVersionsCallback
from salver.errors import FailedPreconditionError, InvalidArgumentError

T = TypeVar("T")


class StaticSource(Generic[T]):
    """Emits fixed versions once, on the thread that connects it."""

    def __init__(self, versions: Sequence[ServableData[T]]) -> None:
        """Make a source of these versions, of one stream or several; one list is emitted for each stream.

        Raises:
            InvalidArgumentError: An id occurs twice.
        """
        self._streams: dict[str, list[ServableData[T]]] = {}
        ids = set()
        for version in versions:
            if version.id in ids:
                raise InvalidArgumentError(f"Servable {version.id} is listed more than once")
            ids.add(version.id)
            self._streams.setdefault(version.id.name, []).append(version)
        self._is_connected = False

    def set_aspired_versions_callback(self, callback: AspiredVersionsCallback[T]) -> None:
        """Connect, and emit every list before returning. See `Source`."""
        if self._is_connected:
            raise FailedPreconditionError("set_aspired_versions_callback() was called before; it may be only once")
        self._is_connected = True
        for name, versions in self._streams.items():
            callback(name, list(versions))
