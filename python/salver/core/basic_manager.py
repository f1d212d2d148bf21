"""The manager that does what it is told: manages versions, loads and unloads them, and hands out handles.

What happens in which order, for one version:

    manage           START
    load_servable    decision (resources) -> LOADING -> pre_load_hook -> load -> in the serving map -> AVAILABLE
    unload_servable  UNLOADING -> out of the serving map -> last handle and request gone -> unload -> END

Locks, in the order in which they may be taken: the decision lock (`LoadAdmission`), a version's lock
(`LoaderHarness`), the serving map's lock, the event bus's lock, the mutex of `ManagedServables`. None is held while a
loader works, a retry pauses, or a version is drained; only the decision lock is kept by a load that waits for room.
Events are published with the version's lock held: a subscriber may ask the manager what it likes, but must not wait
for a load or unload, ask for one, or step the manager.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from salver.core.drainer import Drainer
from salver.core.executions import Executions
from salver.core.harness_state import PUBLISHED_STATES, RESOURCE_STATES, HarnessState
from salver.core.ids import ServableId
from salver.core.load_admission import LoadAdmission
from salver.core.loader import Loader
from salver.core.loader_harness import LoaderHarness
from salver.core.managed_servables import ManagedServables, ServableStateSnapshot, snapshot_of
from salver.core.manager import Manager
from salver.core.manager_options import BasicManagerOptions
from salver.core.resources import ResourceAllocation
from salver.core.servable_data import ServableData
from salver.core.servable_handle import Pin, PinWatch
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ServableState
from salver.core.serving_map import ServingMap
from salver.core.task_pool import TaskPool
from salver.errors import (
    DeadlineExceededError,
    NotFoundError,
    SalverError,
    UnavailableError,
    as_salver_error,
    error_from_code,
)

S = TypeVar("S")

OnDone = Callable[[SalverError | None], None]
"""Told how a load or unload ended: None, or what went wrong. Runs on any thread."""

OnLoadEnd = Callable[[ServableId, SalverError | None], None]
"""Told of the end of each load just before it is published, with the version's lock held: must be quick, and take no
lock that is held while a manager is asked anything."""

_log = logging.getLogger(__name__)

_UNLOAD_TIME_S = 5.0
"""How long `close` gives unloads after it has given up waiting for what is in use."""

_LOADING_STATES = frozenset({HarnessState.LOAD_APPROVED, HarnessState.LOADING})
_STATES_BEFORE_READY = _LOADING_STATES | {HarnessState.LOAD_REQUESTED}
"""In which a failure is one of the load."""


class BasicManager(Manager):
    """Loads and unloads on request.

    Every version is loaded and unloaded on its own: one that is slow to load, or held by a handle for long, holds up
    no other. (Only under a resource limit does a load wait for others, for want of room.)

    Thread-safety: every method may be called from any thread, `close` once. With threads, `load_servable` and
    `unload_servable` return at once.
    """

    def __init__(
        self, options: BasicManagerOptions | None = None, on_load_end: OnLoadEnd = lambda _id, _error: None
    ) -> None:
        self._options = options or BasicManagerOptions()
        self._on_load_end = on_load_end
        self._managed = ManagedServables()
        self._closed = threading.Event()
        self._watches: dict[ServableId, PinWatch] = {}
        """Of the versions in the serving map; each changed with its version's lock held."""
        self._serving_map = ServingMap(self._options.serving_tables)
        self._executions = Executions()
        self._admission = LoadAdmission(self._options.resource_tracker, self._executions, self._managed.all)
        self._load_pool = TaskPool("salver-load", self._options.num_load_threads)
        self._unload_pool = TaskPool("salver-unload", self._options.num_unload_threads)
        self._drainer = Drainer(self._options.serving_tables)

    # === managing ===

    def manage_servable(self, data: ServableData[Loader], additional_state: object = None) -> None:
        """Take a version in: as NEW, or in ERROR if the source reported it as broken.

        Raises:
            FailedPreconditionError: The version is managed already; the first loader stays.
        """
        loader = None if data.error is not None else data.data
        harness = LoaderHarness(
            data.id,
            loader,
            retry_options=self._options.retry,
            on_state=self._on_state,
            additional_state=additional_state,
        )
        # The version's lock keeps back whoever finds it in the table before START is published.
        with harness.lock:
            self._managed.add(harness)
            if data.error is None:
                self._publish(data.id, HarnessState.NEW, None)
            else:
                harness.fail(data.error)

    def stop_managing_servable(self, id: ServableId) -> None:
        """Forget a version; nothing is published.

        Raises:
            FailedPreconditionError: Not managed, or not in a state in which nothing is loaded.
        """
        self._managed.remove(id)

    def get_managed_servable_names(self) -> list[str]:
        """Return the names that have a managed version, in the order in which they came."""
        return self._managed.names()

    def get_state_snapshot(self, id: ServableId) -> ServableStateSnapshot | None:
        """Return how this version is, or None if it is not managed."""
        harness = self._managed.find(id)
        return None if harness is None else snapshot_of(harness)

    def get_state_snapshots(self, name: str) -> list[ServableStateSnapshot]:
        """Return how the managed versions of this stream are, in the order of versions."""
        return self._managed.snapshots(name)

    def get_resource_estimate(self, id: ServableId) -> ResourceAllocation | None:
        """Return what this version is estimated to take; None while it takes nothing, or where there is no estimate."""
        harness = self._managed.find(id)
        if harness is None or harness.state not in RESOURCE_STATES:
            return None
        try:
            return harness.require_loader().estimate_resources()
        except Exception:  # noqa: BLE001  # user code; a load that needs the estimate says what is wrong with it
            return None

    def get_additional_state(self, id: ServableId, state_type: type[S]) -> S | None:
        """Return the additional state; None if the version is not managed or the state of another type."""
        harness = self._managed.find(id)
        return None if harness is None else harness.get_additional_state(state_type)

    def get_load_times(self) -> dict[ServableId, float]:
        """Return how many seconds the load of each version that is loaded took."""
        return self._managed.load_times()

    def get_resource_estimates(self) -> dict[ServableId, ResourceAllocation]:
        """Return what each version that is loaded, or being so, is taken to occupy, where its loader says so."""
        return self._managed.estimates()

    # === loading and unloading ===

    def load_servable(self, id: ServableId, on_done: OnDone) -> None:
        """Load a managed version; `on_done` hears how it ended, or at once what `begin_load` raises."""
        try:
            self.begin_load(id, on_done)
        except SalverError as error:
            on_done(error)

    def unload_servable(self, id: ServableId, on_done: OnDone) -> None:
        """Unload a version; `on_done` hears how it ended, or at once what `begin_unload` raises."""
        try:
            self.begin_unload(id, on_done)
        except SalverError as error:
            on_done(error)

    def begin_load(self, id: ServableId, on_done: OnDone) -> None:
        """Load a managed version, and tell `on_done` how it ended.

        Raises:
            NotFoundError: The version is not managed.
            FailedPreconditionError: Its load was asked for before.
            UnavailableError: The manager is closed.
            SalverError: The version failed before, by this error.
        """
        harness = self._request(id, LoaderHarness.request_load, is_load=True)
        self._load_pool.submit(lambda: _report(lambda: self._load(harness), on_done))

    def begin_unload(self, id: ServableId, on_done: OnDone) -> None:
        """Take a loaded version out of service, unload it once it is no longer used, and tell `on_done`.

        With zero unload threads this waits for the handles of the version: do not call it with one in hand.

        Raises:
            NotFoundError: The version is not managed.
            FailedPreconditionError: It is not loaded, or its unload was asked for before.
            SalverError: The version failed before, by this error.
        """
        harness = self._request(id, LoaderHarness.request_unload)
        self._unload_pool.submit(lambda: self._quiesce(harness, on_done))

    def cancel_load_retry(self, id: ServableId) -> None:
        """Try no more to load this version: see `LoaderHarness.cancel_load`. Nothing happens if it is not managed."""
        harness = self._managed.find(id)
        if harness is not None:
            harness.cancel_load()
            self._executions.wake()

    def give_up_loads(self) -> None:
        """Do what `cancel_load_retry` does for all that is not loaded yet; returns at once."""
        for harness in self._managed.all():
            harness.cancel_load()
        self._executions.wake()

    @property
    def num_load_threads(self) -> int:
        """How many loads may run at once; 0 runs them on the thread that asks."""
        return self._load_pool.num_threads

    def set_num_load_threads(self, num_load_threads: int) -> None:
        """Change how many loads may run at once. Loads that run go on; returns at once."""
        self._load_pool.resize(num_load_threads)

    def close(self) -> None:
        """Give up loads that wait, unload everything, and end all threads; blocks.

        What is still in use after `close_timeout_s` stays loaded, and a load or unload that still runs then is left to
        its thread; both are logged. Idempotent.
        """
        limit_s = self._options.close_timeout_s
        self._closed.set()
        self.give_up_loads()
        harnesses = self._managed.all()
        if not self._load_pool.close(limit_s):
            _log.error("Still loading after %s s, and left behind: %s", limit_s, _ids_in(harnesses, _LOADING_STATES))
        num_left = sum(harness.state in _LOADING_STATES for harness in harnesses)
        _log.info("Unload all remaining servables in the manager.")
        self._drainer.give_up_after(limit_s)
        for harness in harnesses:
            if harness.state is HarnessState.READY:
                self.unload_servable(harness.id, _log_failed_unload)
        is_idle = self._executions.wait_until_at_most(num_left, None if limit_s is None else limit_s + _UNLOAD_TIME_S)
        if not is_idle:
            _log.error("Still unloading, and left behind: %s", _ids_in(harnesses, {HarnessState.UNLOADING}))
        self._drainer.close()
        self._unload_pool.close(None if is_idle else 0)

    # === Manager ===

    def find_pin(self, request: ServableRequest) -> Pin | None:
        """See `Manager`."""
        return self._serving_map.find(request)

    def all_pins(self) -> Sequence[Pin]:
        """See `Manager`."""
        return self._serving_map.pins()

    # === the inside ===

    def _request(
        self, id: ServableId, request: Callable[[LoaderHarness], None], *, is_load: bool = False
    ) -> LoaderHarness:
        """Make a request to the harness of a managed version and return it."""
        harness = self._managed.find(id)
        if harness is None:
            raise NotFoundError(f"This servable is not being managed by the manager: {id}")
        with harness.lock:
            if self._managed.find(id) is not harness:  # dropped before we had its lock
                raise NotFoundError(f"This servable is not being managed by the manager: {id}")
            if is_load and self._closed.is_set():
                raise UnavailableError("The manager is closed")
            if harness.error is not None:
                raise error_from_code(harness.error.code, harness.error.message)
            request(harness)
            if not is_load:
                self._executions.begin()  # from now on loads without room wait for this unload
        return harness

    def _load(self, harness: LoaderHarness) -> None:
        self._admission.admit(harness)
        hook = self._options.pre_load_hook
        try:
            harness.load(None if hook is None else lambda: hook(harness.id))
        finally:
            self._flush_filesystem_caches()
            self._executions.end()

    def _quiesce(self, harness: LoaderHarness, on_done: OnDone) -> None:
        """Take the version out of service; unload it here if it is free at once or there are no threads."""
        harness.start_quiescing()
        watch = self._watches.pop(harness.id)
        if self._unload_pool.num_threads > 0:
            # A version in use must not keep a thread of the pool.
            self._drainer.drain(watch, lambda is_free: self._submit_unload(harness, on_done, is_free=is_free))
            return
        is_free = self._drainer.wait(watch)
        _report(lambda: self._unload(harness, is_free=is_free), on_done)

    def _submit_unload(self, harness: LoaderHarness, on_done: OnDone, *, is_free: bool) -> None:
        self._unload_pool.submit(lambda: _report(lambda: self._unload(harness, is_free=is_free), on_done))

    def _unload(self, harness: LoaderHarness, *, is_free: bool) -> None:
        try:
            if not is_free:
                raise DeadlineExceededError(f"Servable {harness.id} is still in use and stays loaded")
            harness.finish_quiescing()
            harness.unload()
        finally:
            self._executions.end()

    def _flush_filesystem_caches(self) -> None:
        flush = self._options.flush_filesystem_caches
        if flush is None or self.num_load_threads > 1:
            return
        try:
            flush()
        except Exception:  # noqa: BLE001  # the load is done; whatever the hook raises is only told
            _log.warning("Flushing the file system caches failed", exc_info=True)

    def _on_state(self, harness: LoaderHarness, state: HarnessState, error: SalverError | None) -> None:
        """Carry a version's new state to the serving map and to the outside, in the promised order."""
        if state is HarnessState.READY:
            self._watches[harness.id] = self._serving_map.add(harness.id, harness.require_loader().servable)
            self._on_load_end(harness.id, None)
        elif state is HarnessState.ERROR and harness.state in _STATES_BEFORE_READY:
            self._on_load_end(harness.id, error)
        self._publish(harness.id, state, error)
        if state is HarnessState.QUIESCING:
            self._serving_map.remove(harness.id)

    def _publish(self, id: ServableId, state: HarnessState, error: SalverError | None) -> None:
        published = PUBLISHED_STATES.get(state)
        if published is not None and self._options.event_bus is not None:
            self._options.event_bus.publish(ServableState(id, published, error))


def _report(act: Callable[[], None], on_done: OnDone) -> None:
    """Run `act` and tell how it ended, whatever happens."""
    error: SalverError | None = None
    try:
        act()
    except BaseException as raised:
        error = as_salver_error(raised)
        if not isinstance(raised, Exception):
            on_done(error)
            raise
    on_done(error)


def _ids_in(harnesses: Sequence[LoaderHarness], states: Collection[HarnessState]) -> str:
    return ", ".join(str(harness.id) for harness in harnesses if harness.state in states)


def _log_failed_unload(error: SalverError | None) -> None:
    if error is not None:
        _log.error("Unloading at the end failed: %s", error)
