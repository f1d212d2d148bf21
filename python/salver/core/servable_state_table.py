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

    def __init__(self, max_ended_versions: int | None = None) -> None:
        self._max_ended_versions = max_ended_versions
        self._streams: dict[str, dict[int, ServableStateAndTime]] = {}
        self._first_versions: dict[str, set[int]] = {}
        """The versions that each stream began with: those managed before one of them was loaded, until they end."""
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
        if found.has_ended:
            self._note_end(state.id)
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
        for name in list(self._streams):
            self._forget_ended_of(name)

    def forget_stream(self, name: str) -> bool:
        """Do that for one stream, and drop what its source said; False if it has a version that did not end."""
        self.source_errors.pop(name, None)
        self._forget_ended_of(name)
        return name not in self._streams

    def forget_failures(self, name: str) -> None:
        """Take the versions of a stream as never tried; the states stay."""
        for version in self.versions(name):
            self.failures.pop(ServableId(name, version), None)

    def is_available(self, name: str) -> bool:
        """Whether a version of the stream is available."""
        return any(found.state.manager_state == ManagerState.AVAILABLE for found in self.versions(name).values())

    def is_on_first_way(self, name: str) -> bool:
        """Whether a version of the stream is on its way up and has not failed so far."""
        return any(map(self._is_version_on_first_way, self.versions(name).values()))

    def is_starting(self, name: str) -> bool:
        """Whether that is so for one of the versions that the stream began with."""
        versions = self.versions(name)
        return any(self._is_version_on_first_way(versions[first]) for first in self._first_versions.get(name, ()))

    def failure(self, name: str) -> SalverError | None:
        """Return the failure of the highest failed version, else what the source reported."""
        for version in sorted(self.versions(name), reverse=True):
            error = self.failures.get(ServableId(name, version))
            if error is not None:
                return error
        return self.source_errors.get(name)

    def _forget_ended_of(self, name: str) -> None:
        versions = self._streams.get(name, {})
        for found in list(versions.values()):
            if found.has_ended:
                self._forget_version(found.state.id)
        if not versions:
            self._streams.pop(name, None)
            self._first_versions.pop(name, None)

    def _forget_lowest(self, last: ServableId, num_kept: int) -> None:
        """Drop the lowest versions in END beyond so many; never the last, of whose end nobody was told yet."""
        versions = self._streams[last.name]
        ended = [number for number, found in versions.items() if found.has_ended and number != last.version]
        for number in sorted(ended)[: max(0, len(ended) + 1 - num_kept)]:
            self._forget_version(ServableId(last.name, number))

    def _forget_version(self, id: ServableId) -> None:
        del self._streams[id.name][id.version]
        self.failures.pop(id, None)

    def _note_start(self, id: ServableId, versions: Mapping[int, ServableStateAndTime]) -> None:
        states = {found.state.manager_state for found in versions.values()}
        if not states & {ManagerState.LOADING, ManagerState.AVAILABLE}:
            self._first_versions.setdefault(id.name, set()).add(id.version)

    def _note_end(self, id: ServableId) -> None:
        self._first_versions.get(id.name, set()).discard(id.version)
        if self._max_ended_versions is not None:
            self._forget_lowest(id, self._max_ended_versions)

    def _with_failure(self, found: ServableStateAndTime) -> ServableStateAndTime:
        failure = self.failures.get(found.state.id)
        if failure is None or found.state.error is not None or found.state.manager_state not in _ON_THE_WAY_UP:
            return found
        return replace(found, state=replace(found.state, error=failure))

    def _is_version_on_first_way(self, found: ServableStateAndTime) -> bool:
        return found.state.manager_state in _ON_THE_WAY_UP and found.state.id not in self.failures
