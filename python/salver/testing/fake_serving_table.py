"""A data plane without a network."""

from __future__ import annotations

import threading

from salver.core.ids import ServableId
from salver.core.serving_map import ServingSnapshot


class FakeServingTable:
    """Remembers what was published, and holds versions as requests in flight would. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[ServableId] = set()
        self._published: list[list[ServableId]] = []
        self._snapshot: ServingSnapshot | None = None

    def publish(self, snapshot: ServingSnapshot) -> None:
        """See `ServingTable`."""
        with self._changed:
            if self._snapshot is not None and snapshot.generation <= self._snapshot.generation:
                raise AssertionError("an older snapshot came after a newer one")
            self._snapshot = snapshot
            self._published.append(snapshot.ids())

    def wait_until_released(self, id: ServableId, timeout_s: float) -> bool:
        """See `ServingTable`."""
        with self._changed:
            return self._changed.wait_for(lambda: id not in self._held, timeout_s)

    @property
    def published(self) -> list[list[ServableId]]:
        """The ids of every snapshot, in order."""
        with self._changed:
            return list(self._published)

    def resolve(self, id: ServableId) -> object | None:
        """Return the servable as a request would find it now."""
        with self._changed:
            models = {} if self._snapshot is None else self._snapshot.models
            return models.get(id.name, {}).get(id.version)

    def hold(self, id: ServableId) -> None:
        """Let a request of this version be in flight."""
        with self._changed:
            self._held.add(id)

    def release(self, id: ServableId) -> None:
        """End that request."""
        with self._changed:
            self._held.discard(id)
            self._changed.notify_all()
