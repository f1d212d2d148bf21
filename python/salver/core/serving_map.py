"""Which versions can be looked up now: immutable views, replaced whole on every change.

A reader takes the present view with one attribute read and needs no lock. A writer builds the next view beside it
and swaps. The old view is freed by the writer; it holds nothing back, because handles pin versions, not views.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from salver.core.ids import ServableId
from salver.core.servable_handle import Pin, PinWatch
from salver.core.servable_request import ServableRequest, VersionChoice

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServingSnapshot:
    """Everything that can be served, at one moment; immutable."""

    generation: int
    """Greater than that of every snapshot published before."""
    models: Mapping[str, Mapping[int, object]]
    """Servable name -> version -> servable; no name without a version. A model that did not change has the mapping that
    it had in the snapshot before: what follows each change need not look at all versions of all models."""

    def ids(self) -> list[ServableId]:
        """Return the ids of all versions, in order."""
        return sorted(ServableId(name, version) for name, versions in self.models.items() for version in versions)


class ServingTable(Protocol):
    """A data plane that serves what the manager publishes.

    Guarantees of the manager:
        - `publish` is called by one thread at a time, once for every change, with rising generations; before a
          version is told to be AVAILABLE, and after it was told to be UNLOADING;
        - a version that was published is not unloaded before `wait_until_released` said True for it, after the
          snapshot without it was published;
        - `wait_until_released` is called on manager threads only.
    """

    def publish(self, snapshot: ServingSnapshot) -> None:
        """Serve exactly what is in `snapshot` from now on.

        Must be quick, must not call the manager, must not raise, and must not keep the snapshot before this one.
        """

    def wait_until_released(self, id: ServableId, timeout_s: float) -> bool:
        """Wait until no request uses this version, which is no longer published; False if the time was up first.

        Must be thread-safe; with `timeout_s` 0 it answers at once. An id it never saw is released.
        """


class _View:
    """One immutable state of the map."""

    __slots__ = ("by_request", "models", "pins")

    def __init__(
        self,
        by_request: dict[ServableRequest, Pin],
        pins: dict[ServableId, Pin],
        models: dict[str, Mapping[int, object]],
    ) -> None:
        self.by_request = by_request
        self.pins = pins
        self.models = models
        """Name -> version -> servable, versions rising; what a snapshot shows."""


class ServingMap:
    """The versions that can be looked up.

    Thread-safety: `find` and `pins` from any thread, without a lock; `add` and `remove` from any thread, one at a time.
    """

    def __init__(self, tables: Sequence[ServingTable] = ()) -> None:
        self._tables = tuple(tables)
        self._generation = 0
        self._view = _View({}, {}, {})
        self._lock = threading.Lock()
        """Guards the swap of the view, and that tables see the views in the same order."""

    def find(self, request: ServableRequest) -> Pin | None:
        """Return the pin of the version that answers this request now."""
        pin = self._view.by_request.get(request)
        if pin is None and request.version is not None and request.choice is not VersionChoice.LATEST:
            return self._view.by_request.get(ServableRequest(request.name, request.version))
        return pin

    def pins(self) -> list[Pin]:
        """Return the pins of all versions, in the order of their ids."""
        pins = self._view.pins
        return [pins[id] for id in sorted(pins)]

    def ids(self) -> list[ServableId]:
        """Return the ids of all versions, in order."""
        return sorted(self._view.pins)

    def add(self, id: ServableId, servable: object) -> PinWatch:
        """Make a version available and publish it; the watch tells when it is no longer used."""
        watch = PinWatch(id)
        with self._lock:
            pins = dict(self._view.pins)
            pins[id] = Pin(servable, watch)
            self._swap(id.name, pins, sorted({*self._view.models.get(id.name, ()), id.version}))
        return watch

    def remove(self, id: ServableId) -> None:
        """Let no new look-up find this version, and publish that; handles keep it."""
        with self._lock:
            pins = dict(self._view.pins)
            del pins[id]
            self._swap(id.name, pins, [version for version in self._view.models[id.name] if version != id.version])

    def _swap(self, name: str, pins: dict[ServableId, Pin], versions: Sequence[int]) -> None:
        """Replace the view by one in which `name` has these versions, rising."""
        old = self._view
        by_request = dict(old.by_request)
        for version in old.models.get(name, ()):
            by_request.pop(ServableRequest.specific(name, version), None)
        for version in versions:
            by_request[ServableRequest.specific(name, version)] = pins[ServableId(name, version)]
        models = dict(old.models)
        if versions:
            by_request[ServableRequest.latest(name)] = pins[ServableId(name, versions[-1])]
            by_request[ServableRequest.earliest(name)] = pins[ServableId(name, versions[0])]
            models[name] = MappingProxyType({version: pins[ServableId(name, version)].servable for version in versions})
        else:
            del models[name], by_request[ServableRequest.latest(name)], by_request[ServableRequest.earliest(name)]
        self._view = _View(by_request, pins, models)
        self._generation += 1
        self._publish(ServingSnapshot(self._generation, MappingProxyType(models)))

    def _publish(self, snapshot: ServingSnapshot) -> None:
        for table in self._tables:
            try:
                table.publish(snapshot)
            except Exception:  # noqa: BLE001  # the tables' contract forbids it; the others must still hear of the change
                _log.exception("A serving table refused snapshot %d", snapshot.generation)
