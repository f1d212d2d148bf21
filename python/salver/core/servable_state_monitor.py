"""What state each version is in, and waiting for versions to reach one.

The monitor hears every event of a bus from its construction on and keeps the last state of each version, END included,
until it is told to forget or has too many of them. A version that failed keeps its error while it is tried again.
Questions are answered from that table, from any thread, without delay.

Waits come in two kinds:
    - `wait_until_servables_reach_state`: until each request has reached a state or failed for good. A request for one
      version is decided when that version is in the goal state or in END. Any other request looks at the versions of
      the stream from the highest down, and the first that is in the goal state or in END decides: a lower version that
      serves decides success while a higher one still loads, and a highest version in END decides failure.
    - `wait_until_available_or_failed`: until each *model* is available or has failed once. Retries may go on after
      that. It takes the reports of a source into account (`report_source`), because a model whose base path is missing
      never has a version that could fail.

Callbacks run on the thread that publishes the event (or that registers, if decided at once), outside the monitor's
lock.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from salver.core.event_bus import Event, EventBus
from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_table import ServableStateAndTime, ServableStateTable
from salver.core.servable_state_waits import GoalWait, Outcomes, OutcomeWait, ReachedStateFn, Wait
from salver.errors import SalverError

logger = logging.getLogger(__name__)


class PendingNotification:
    """A registered callback that has not been called yet."""

    def __init__(self, on_cancel: Callable[[], None]) -> None:
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        """Forget the callback; idempotent, nothing happens if it was called. It may be running on another thread."""
        self._on_cancel()


class ServableStateMonitor:
    """Keeps the last state of every version published on a bus. Thread-safe."""

    def __init__(
        self, bus: EventBus[ServableState], max_count_log_events: int = 0, *, max_ended_versions: int | None = None
    ) -> None:
        """Listen to `bus` from now on; earlier events are not seen.

        Args:
            bus: Where managers publish.
            max_count_log_events: How many of the latest events `get_bounded_log` keeps; 0 keeps none.
            max_ended_versions: How many versions in END are kept of each stream, the highest; None is no limit.
        """
        self._lock = threading.Lock()  # guards all below
        self._table = ServableStateTable(max_ended_versions)
        self._log: deque[ServableStateAndTime] = deque(maxlen=max_count_log_events)
        self._waits: list[Wait] = []
        self._end_of_waits: SalverError | None = None
        self._listeners: list[Callable[[ServableStateAndTime], None]] = []
        self._subscription = bus.subscribe(self._handle_event)

    def close(self) -> None:
        """Stop listening; idempotent. Waits that are not decided stay so."""
        self._subscription.close()

    # --- Queries

    def get_state(self, servable_id: ServableId) -> ServableState | None:
        """Return the last state of a version, None if it was never seen."""
        found = self.get_state_and_time(servable_id)
        return found.state if found else None

    def get_state_and_time(self, servable_id: ServableId) -> ServableStateAndTime | None:
        """Return the last state of a version and its time, None if it was never seen."""
        with self._lock:
            return self._table.versions(servable_id.name).get(servable_id.version)

    def get_version_states(self, name: str) -> dict[int, ServableStateAndTime]:
        """Return the last state of each version of a stream, highest version first."""
        with self._lock:
            return _descending(self._table.versions(name))

    def get_all_servable_states(self) -> dict[str, dict[int, ServableStateAndTime]]:
        """Return everything ever seen and not forgotten, END included; versions highest first."""
        with self._lock:
            return {name: _descending(versions) for name, versions in self._table.streams()}

    def get_live_servable_states(self) -> dict[str, dict[int, ServableStateAndTime]]:
        """Return what is not in END; streams without a live version are left out."""
        live = {
            name: {version: found for version, found in versions.items() if not found.has_ended}
            for name, versions in self.get_all_servable_states().items()
        }
        return {name: versions for name, versions in live.items() if versions}

    def get_available_servable_names(self) -> set[str]:
        """Return the names of streams with at least one available version."""
        with self._lock:
            return {name for name, _ in self._table.streams() if self._table.is_available(name)}

    def count_versions(self) -> Counter[ManagerState]:
        """Return how many versions are in each state."""
        with self._lock:
            return Counter(
                found.state.manager_state for _, versions in self._table.streams() for found in versions.values()
            )

    def get_bounded_log(self) -> list[ServableStateAndTime]:
        """Return the latest events, oldest first."""
        with self._lock:
            return list(self._log)

    def get_source_error(self, name: str) -> SalverError | None:
        """Return what was last given to `report_source` for this stream."""
        with self._lock:
            return self._table.source_errors.get(name)

    def forget_unloaded_servable_states(self) -> None:
        """Drop the versions in END."""
        with self._lock:
            self._table.forget_ended()

    def forget_stream(self, name: str) -> bool:
        """Drop what is known of a stream, but for versions that did not end; False if there are some."""
        with self._lock:
            return self._table.forget_stream(name)

    def forget_failures(self, name: str) -> None:
        """Take the versions of a stream as never tried: what fails no longer counts if the stream comes back."""
        with self._lock:
            self._table.forget_failures(name)

    # --- Notifications

    def report_source(self, name: str, error: SalverError | None) -> None:
        """Note what hinders a source from finding any version of a stream; None takes the note back.

        Has the form of `FileSystemSource`'s `on_poll_result`.
        """
        with self._lock:
            self._table.set_source_error(name, error)
            decided = self._take_decided(name)
        _call_all(decided)

    def end_waits(self, error: SalverError) -> None:
        """Have every wait for availability end, now and later, what is undecided in it as failed with this error."""
        with self._lock:
            self._end_of_waits = error
            for wait in self._waits:
                wait.give_up(error)
            decided = self._take_all_decided()
        _call_all(decided)

    def notify(self, on_event: Callable[[ServableStateAndTime], None]) -> None:
        """Call `on_event` for every event from now on, after the tables are updated, one at a time and in order."""
        with self._lock:
            self._listeners.append(on_event)

    def notify_when_servables_reach_state(
        self, requests: Sequence[ServableRequest], goal: ManagerState, on_decided: ReachedStateFn
    ) -> PendingNotification:
        """Call `on_decided` once, as soon as every request is decided; at once if all are, or for no requests."""
        return self._register(GoalWait(requests, goal, on_decided))

    def notify_when_available_or_failed(
        self, names: Iterable[str], on_decided: Callable[[Outcomes], None]
    ) -> PendingNotification:
        """Call `on_decided` once, as soon as every model is available or has failed once."""
        return self._register(OutcomeWait(names, on_decided))

    def wait_until_servables_reach_state(
        self, requests: Sequence[ServableRequest], goal: ManagerState, timeout_s: float | None
    ) -> tuple[bool, dict[ServableId, ServableState]]:
        """Block until every request is decided.

        Args:
            requests: What to wait for.
            goal: The state they should reach.
            timeout_s: Longest wait in seconds, None for no limit.

        Returns:
            Whether all reached the goal, and the deciding states. (False, {}) after the timeout, and nothing stays
            registered.
        """
        result: tuple[bool, dict[ServableId, ServableState]] = (False, {})
        is_decided = threading.Event()

        def on_decided(reached_all: bool, states: dict[ServableId, ServableState]) -> None:  # noqa: FBT001
            nonlocal result
            result = (reached_all, states)
            is_decided.set()

        pending = self.notify_when_servables_reach_state(requests, goal, on_decided)
        _wait_or_cancel(is_decided, pending, timeout_s)
        return result

    def wait_until_available_or_failed(self, names: Iterable[str], timeout_s: float | None) -> Outcomes:
        """Block until every model is available or has failed once.

        A model is available when one version is, and each other version that it began with is available or has failed,
        too. It has failed when a version has, or its source reports an error, and no other version is on its way for
        the first time. Cancelled loads are no failures.

        Args:
            names: Models to wait for.
            timeout_s: Longest wait in seconds, None for no limit.

        Returns:
            The outcome of each decided model; after a timeout the undecided ones are missing.
        """
        is_decided = threading.Event()
        wait = OutcomeWait(names, lambda _: is_decided.set())
        _wait_or_cancel(is_decided, self._register(wait), timeout_s)
        with self._lock:
            return dict(wait.outcomes)

    # --- Events

    def _handle_event(self, event: Event[ServableState]) -> None:
        found = ServableStateAndTime(event.value, event.time_s)
        with self._lock:
            self._table.update(found)
            self._log.append(found)
            listeners = list(self._listeners)
            decided = self._take_decided(event.value.id.name)
        for listener in listeners:
            _call(lambda listener=listener: listener(found))  # type: ignore[misc]
        _call_all(decided)

    def _register(self, wait: Wait) -> PendingNotification:
        with self._lock:
            for name in wait.names():
                wait.look_at(name, self._table)
            if self._end_of_waits is not None:
                wait.give_up(self._end_of_waits)
            is_decided = wait.is_decided()
            if not is_decided:
                self._waits.append(wait)
        if is_decided:
            _call(wait.call)
        return PendingNotification(lambda: self._cancel(wait))

    def _take_decided(self, name: str) -> list[Wait]:
        """Let the waits look at a stream that changed; remove and return those it decides."""
        for wait in self._waits:
            wait.look_at(name, self._table)
        return self._take_all_decided()

    def _take_all_decided(self) -> list[Wait]:
        decided = [wait for wait in self._waits if wait.is_decided()]
        if decided:
            self._waits = [wait for wait in self._waits if wait not in decided]
        return decided

    def _cancel(self, wait: Wait) -> None:
        with self._lock:
            if wait in self._waits:
                self._waits.remove(wait)


def _descending(versions: Mapping[int, ServableStateAndTime]) -> dict[int, ServableStateAndTime]:
    return {version: versions[version] for version in sorted(versions, reverse=True)}


def _wait_or_cancel(is_decided: threading.Event, pending: PendingNotification, timeout_s: float | None) -> None:
    if not is_decided.wait(timeout_s):
        pending.cancel()


def _call_all(waits: list[Wait]) -> None:
    for wait in waits:
        _call(wait.call)


def _call(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception:
        logger.exception("A callback of the servable state monitor failed")
