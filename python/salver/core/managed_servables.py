"""The table of managed versions."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass

from salver.core.harness_state import DROPPABLE_STATES, RESOURCE_STATES, HarnessState
from salver.core.ids import ServableId
from salver.core.loader_harness import LoaderHarness
from salver.core.resources import ResourceAllocation
from salver.errors import FailedPreconditionError, SalverError


@dataclass(frozen=True, slots=True)
class ServableStateSnapshot:
    """A managed version at one moment."""

    id: ServableId
    state: HarnessState
    error: SalverError | None = None
    """Why the state is ERROR."""
    additional_state: object = None
    """What the version was managed with."""
    load_s: float | None = None
    """How long its load took; None while it was never loaded."""


class ManagedServables:
    """Which versions are managed, by name and version. Thread-safe.

    The mutex is a leaf: no other lock is taken while it is held.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        """Guards the table, not the harnesses in it."""
        self._by_name: dict[str, dict[int, LoaderHarness]] = {}

    def add(self, harness: LoaderHarness) -> None:
        """Take a version in.

        Raises:
            FailedPreconditionError: It is there already, and stays as it is.
        """
        id = harness.id
        with self._mutex:
            versions = self._by_name.setdefault(id.name, {})
            if id.version in versions:
                raise FailedPreconditionError(f"This servable is already being managed: {id}")
            versions[id.version] = harness

    def remove(self, id: ServableId) -> None:
        """Forget a version.

        Raises:
            FailedPreconditionError: It is not there, or something of it is loaded.
        """
        harness = self.find(id)
        if harness is None:
            raise FailedPreconditionError(f"This servable is not being managed: {id}")
        with harness.lock:
            if harness.state not in DROPPABLE_STATES:
                raise FailedPreconditionError(
                    "This servable is not in a new or end state and we cannot stop managing it: "
                    f"{id} {harness.state.value}"
                )
            with self._mutex:
                versions = self._by_name.get(id.name, {})
                if versions.get(id.version) is harness:
                    del versions[id.version]
                if not versions:
                    self._by_name.pop(id.name, None)

    def find(self, id: ServableId) -> LoaderHarness | None:
        """Return the harness of this version, if it is managed."""
        with self._mutex:
            return self._by_name.get(id.name, {}).get(id.version)

    def names(self) -> list[str]:
        """Return the names that have a version, in the order in which they came."""
        with self._mutex:
            return list(self._by_name)

    def all(self) -> list[LoaderHarness]:
        """Return the harnesses of all versions."""
        with self._mutex:
            return [harness for versions in self._by_name.values() for harness in versions.values()]

    def estimates(self) -> dict[ServableId, ResourceAllocation]:
        """Return what each version is taken to occupy, of those that count and whose loader says so."""
        found = {}
        for harness in self.all():
            if harness.state in RESOURCE_STATES and harness.loader is not None:
                with suppress(Exception):
                    found[harness.id] = harness.loader.estimate_resources()
        return found

    def load_times(self) -> dict[ServableId, float]:
        """Return how many seconds the load of each version took, of those that are loaded."""
        return {
            harness.id: harness.load_s
            for harness in self.all()
            if harness.state in RESOURCE_STATES and harness.load_s is not None
        }

    def snapshots(self, name: str) -> list[ServableStateSnapshot]:
        """Return how the versions of this stream are, in the order of versions."""
        with self._mutex:
            versions = self._by_name.get(name, {})
            harnesses = [versions[version] for version in sorted(versions)]
        return [snapshot_of(harness) for harness in harnesses]


def snapshot_of(harness: LoaderHarness) -> ServableStateSnapshot:
    """Return how this version is now."""
    # The error is set before the state ERROR becomes visible, and never changes after.
    return ServableStateSnapshot(harness.id, harness.state, harness.error, harness.additional_state, harness.load_s)
