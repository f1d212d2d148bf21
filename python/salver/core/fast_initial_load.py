"""Loading the first servables with many threads, before any request needs the cores."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ManagerState, ServableState
from salver.core.servable_state_monitor import ServableStateMonitor
from salver.core.source import Source, Target, connect
from salver.errors import DeadlineExceededError, SalverError, UnknownError


class HasLoadThreads(Protocol):
    """A manager whose number of load threads can be changed."""

    @property
    def num_load_threads(self) -> int:
        """How many loads may run at once."""
        ...

    def set_num_load_threads(self, num_load_threads: int) -> None:
        """Change it; does not wait."""
        ...


class LoadingManager(HasLoadThreads, Target[Loader], Protocol):
    """What `connect_sources_with_fast_initial_load` needs of a manager; an `AspiredVersionsManager` has it."""

    def find_pin(self, request: ServableRequest) -> object | None:
        """See `Manager`."""
        ...


def default_num_initial_load_threads() -> int:
    """Four for each core that this process may use: loading waits for storage more than it computes."""
    return 4 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4 * (os.cpu_count() or 1)


@contextlib.contextmanager
def initial_load_threads(manager: HasLoadThreads, num_threads: int | None = None) -> Iterator[None]:
    """Give the manager this many load threads within the block, and its old number after it, also on an error."""
    old_num_threads = manager.num_load_threads
    manager.set_num_load_threads(default_num_initial_load_threads() if num_threads is None else num_threads)
    try:
        yield
    finally:
        manager.set_num_load_threads(old_num_threads)


def connect_sources_with_fast_initial_load(
    manager: LoadingManager,
    sources: Sequence[Source[Loader]],
    monitor: ServableStateMonitor,
    requests: Sequence[ServableRequest],
    *,
    num_threads: int | None = None,
    timeout_s: float | None = None,
) -> None:
    """Connect sources and wait until what they bring can serve.

    The manager must be running (`AspiredVersionsManager.start`) and the monitor subscribed to its bus already.

    Args:
        manager: Loads.
        sources: Of loaders; not connected yet.
        monitor: Sees the manager's events.
        requests: What has to become available.
        num_threads: Load threads meanwhile; None is `default_num_initial_load_threads`.
        timeout_s: How long to wait; None is no limit.

    Raises:
        UnknownError: Some became unable to serve; the message says which and why.
        DeadlineExceededError: The time was up first. The sources stay connected, and loading goes on.
    """
    with initial_load_threads(manager, num_threads):
        for source in sources:
            connect(source, manager)
        is_reached, states = monitor.wait_until_servables_reach_state(requests, ManagerState.AVAILABLE, timeout_s)
    if is_reached:
        return
    if not states:
        missing = [str(request) for request in requests if manager.find_pin(request) is None]
        raise DeadlineExceededError(f"{_did_not(len(missing))} within {timeout_s} s: {{{', '.join(missing)}}}")
    raise _failure(states)


def _failure(states: Mapping[ServableId, ServableState]) -> SalverError:
    failed = {id: state for id, state in states.items() if state.manager_state is not ManagerState.AVAILABLE}
    reasons = "".join(f"{{{id} due to error: {_reason(state)}}}, " for id, state in failed.items())
    return UnknownError(f"{_did_not(len(failed))}: {{{reasons}}}")


def _did_not(num_servables: int) -> str:
    return f"{num_servables} servable(s) did not become available"


def _reason(state: ServableState) -> str:
    return "OK" if state.error is None else str(state.error)
