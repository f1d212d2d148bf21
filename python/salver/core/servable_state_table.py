"""The last state of every version: what the servable state monitor knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import Code, SalverError

_ON_THE_WAY_UP = frozenset({ManagerState.START, ManagerState.LOADING})


@dataclass(frozen=True, slots=True)
class ServableStateAndTime:
    """A state and when it was published."""

    state: ServableState
    time_s: float
    """Wall-clock time, seconds since the epoch."""

    @property
    def has_ended(self) -> bool:
        """Whether this is the version's end."""
        return self.state.manager_state == ManagerState.END


class ServableStateTable:
    """The last states by name and version. A version that has failed keeps its error while it is tried again.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._streams: dict[str, dict[int, ServableStateAndTime]] = {}
        self._first_versions: dict[str, set[int]] = {}
        """The versions that each stream began with: all that were managed before the first of them was loaded."""
        self.failures: dict[ServableId, SalverError] = {}
        """The last error of each version since it was last available; cancellations do not count."""
        self.source_errors: dict[str, SalverError] = {}
        """What sources report, by stream."""

    def versions(self, name: str) -> Mapping[int, ServableStateAndTime]:
        """Return the states of one stream by version; a view."""
        return self._streams.get(name, {})

    def streams(self) -> Iterable[tuple[str, Mapping[int, ServableStateAndTime]]]:
        """Return every stream with its versions; a view."""
        return self._streams.items()

    def update(self, found: ServableStateAndTime) -> None:
        """Take in one event; being available wipes out the failure before it."""
        state = found.state
        versions = self._streams.setdefault(state.id.name, {})
        if state.manager_state == ManagerState.START:
            self._note_start(state.id, versions)
        versions[state.id.version] = self._with_failure(found)
        if state.manager_state == ManagerState.AVAILABLE:
            self.failures.pop(state.id, None)
        elif state.error is not None and state.error.code != Code.CANCELLED:
            self.failures[state.id] = state.error

    def set_source_error(self, name: str, error: SalverError | None) -> None:
        """Note what a source says of a stream; None takes it back."""
        if error is None:
            self.source_errors.pop(name, None)
        else:
            self.source_errors[name] = error

    def forget_ended(self) -> None:
        """Drop versions in END, and their failures."""
        for name, versions in list(self._streams.items()):
            for version, found in list(versions.items()):
                if found.has_ended:
                    del versions[version]
                    self.failures.pop(found.state.id, None)
            if not versions:
                del self._streams[name]
                self._first_versions.pop(name, None)

    def is_available(self, name: str) -> bool:
        """Whether a version of the stream is available."""
        return any(found.state.manager_state == ManagerState.AVAILABLE for found in self.versions(name).values())

    def is_on_first_way(self, name: str) -> bool:
        """Whether a version of the stream is on its way up and has not failed so far."""
        return any(map(self._is_version_on_first_way, self.versions(name).values()))

    def is_starting(self, name: str) -> bool:
        """Whether that is so for one of the versions that the stream began with."""
        versions, first = self.versions(name), self._first_versions.get(name, ())
        return any(self._is_version_on_first_way(versions[version]) for version in first if version in versions)

    def failure(self, name: str) -> SalverError | None:
        """Return the failure of the highest failed version, else what the source reported."""
        for version in sorted(self.versions(name), reverse=True):
            error = self.failures.get(ServableId(name, version))
            if error is not None:
                return error
        return self.source_errors.get(name)

    def _note_start(self, id: ServableId, versions: Mapping[int, ServableStateAndTime]) -> None:
        live = [found for found in versions.values() if not found.has_ended]
        if not live:
            self._first_versions[id.name] = {id.version}
        elif all(found.state.manager_state == ManagerState.START for found in live):
            self._first_versions.setdefault(id.name, set()).add(id.version)

    def _with_failure(self, found: ServableStateAndTime) -> ServableStateAndTime:
        failure = self.failures.get(found.state.id)
        if failure is None or found.state.error is not None or found.state.manager_state not in _ON_THE_WAY_UP:
            return found
        return replace(found, state=replace(found.state, error=failure))

    def _is_version_on_first_way(self, found: ServableStateAndTime) -> bool:
        return found.state.manager_state in _ON_THE_WAY_UP and found.state.id not in self.failures
