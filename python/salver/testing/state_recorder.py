"""What became of servables, for tests that wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import Event, EventBus
from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState


class StateRecorder:
    """Keeps every published state, in order. Thread-safe."""

    def __init__(self, bus: EventBus[ServableState]) -> None:
        self._changed = threading.Condition()
        self._events: list[ServableState] = []
        bus.subscribe(self._on_event)

    @property
    def events(self) -> list[ServableState]:
        """Everything so far."""
        with self._changed:
            return list(self._events)

    def states(self, id: ServableId) -> list[ManagerState]:
        """The states that one version went through."""
        return [event.manager_state for event in self.events if event.id == id]

    def wait_for(self, id: ServableId, state: ManagerState, timeout_s: float = 10.0) -> ServableState:
        """Return the latest event of this version once it is `state`; AssertionError when the time is up."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_in(id, state), timeout_s):
                raise AssertionError(f"{id} is not {state.name} within {timeout_s} s; seen: {self._events}")
            return next(event for event in reversed(self._events) if event.id == id)

    def _is_in(self, id: ServableId, state: ManagerState) -> bool:
        last = next((event for event in reversed(self._events) if event.id == id), None)
        return last is not None and last.manager_state is state

    def _on_event(self, event: Event[ServableState]) -> None:
        with self._changed:
            self._events.append(event.value)
            self._changed.notify_all()


def step_until(manager: AspiredVersionsManager, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Step a manager that was not started until `condition` holds; AssertionError when the time is up.

    Between steps it waits for loads and unloads to end, not for a time to pass.
    """
    deadline_s = time.monotonic() + timeout_s
    manager.step()
    while not condition():
        if not manager.wait_for_work(max(0.0, deadline_s - time.monotonic())):
            raise AssertionError(f"the manager has nothing to do, and after {timeout_s} s it is not so")
        manager.step()
