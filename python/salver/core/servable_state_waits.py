"""What it means to wait for states; the servable state monitor keeps the waits and calls them.

A wait looks at one stream at a time, whenever that stream changed, and only under the monitor's lock. Once it is
decided the monitor takes it off its list and calls it, without the lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_table import ServableStateTable
from salver.errors import SalverError

ReachedStateFn = Callable[[bool, dict[ServableId, ServableState]], None]
"""Gets whether all requests reached the goal, and the states that decided it."""

Outcomes = dict[str, SalverError | None]
"""By model name: None if it became available, else the error of its first failure."""


class Wait(Protocol):
    """Something to be decided by looking at streams one by one; only ever used under the monitor's lock."""

    def names(self) -> list[str]:
        """Return the streams that are of interest."""
        ...

    def look_at(self, name: str, table: ServableStateTable) -> None:
        """Take note of a stream that may have changed."""
        ...

    def give_up(self, error: SalverError) -> None:
        """Take what is undecided as failed, if this wait knows failures."""
        ...

    def is_decided(self) -> bool:
        """Whether all that is waited for is decided."""
        ...

    def call(self) -> None:
        """Hand over the result."""
        ...


class GoalWait:
    """Waits until each request is decided for a goal state; a decision may be taken back while others are open."""

    def __init__(self, requests: Sequence[ServableRequest], goal: ManagerState, on_decided: ReachedStateFn) -> None:
        self._requests: dict[str, list[ServableRequest]] = {}
        for request in requests:
            self._requests.setdefault(request.name, []).append(request)
        self._goal = goal
        self._on_decided = on_decided
        self._states: dict[str, list[ServableState]] = {}

    def names(self) -> list[str]:
        """See `Wait`."""
        return list(self._requests)

    def look_at(self, name: str, table: ServableStateTable) -> None:
        """See `Wait`."""
        if name not in self._requests:
            return
        states = [self._deciding_state(request, table) for request in self._requests[name]]
        decided = [state for state in states if state is not None]
        if len(decided) == len(states):
            self._states[name] = decided
        else:
            self._states.pop(name, None)

    def give_up(self, error: SalverError) -> None:
        """See `Wait`; a goal is a state, which an error does not bring about."""

    def is_decided(self) -> bool:
        """See `Wait`."""
        return len(self._states) == len(self._requests)

    def call(self) -> None:
        """See `Wait`."""
        states = {state.id: state for states in self._states.values() for state in states}
        reached_all = all(state.manager_state == self._goal for state in states.values())
        self._on_decided(reached_all, states)

    def _deciding_state(self, request: ServableRequest, table: ServableStateTable) -> ServableState | None:
        versions = table.versions(request.name)
        candidates = sorted(versions, reverse=True) if request.version is None else [request.version]
        for version in candidates:
            found = versions.get(version)
            if found and found.state.manager_state in (self._goal, ManagerState.END):
                return found.state
        return None


class OutcomeWait:
    """Waits until each model was available or failed once; what is decided stays decided."""

    def __init__(self, names: Iterable[str], on_decided: Callable[[Outcomes], None]) -> None:
        self._undecided = set(names)
        self._on_decided = on_decided
        self.outcomes: Outcomes = {}

    def names(self) -> list[str]:
        """See `Wait`."""
        return list(self._undecided)

    def look_at(self, name: str, table: ServableStateTable) -> None:
        """See `Wait`."""
        if name not in self._undecided:
            return
        is_available = table.is_available(name)
        # Once one serves, only the versions that the model began with are waited for, not those that came later.
        if table.is_starting(name) if is_available else table.is_on_first_way(name):
            return
        error = None if is_available else table.failure(name)
        if is_available or error is not None:
            self._undecided.discard(name)
            self.outcomes[name] = error

    def give_up(self, error: SalverError) -> None:
        """See `Wait`."""
        self.outcomes.update(dict.fromkeys(self._undecided, error))
        self._undecided.clear()

    def is_decided(self) -> bool:
        """See `Wait`."""
        return not self._undecided

    def call(self) -> None:
        """See `Wait`."""
        self._on_decided(dict(self.outcomes))
