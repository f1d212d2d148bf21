"""A manager that loads a servable when it is asked for, and evicts what was used least recently."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from salver.core.basic_manager import BasicManager
from salver.core.harness_state import DROPPABLE_STATES
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.manager import Manager
from salver.core.manager_options import BasicManagerOptions
from salver.core.residency import Residency, ResidencyLimits
from salver.core.resources import RAM_IN_BYTES
from salver.core.retry import RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_handle import Pin
from salver.core.servable_request import ServableRequest, VersionChoice
from salver.errors import ResourceExhaustedError, SalverError, UnavailableError, as_salver_error, error_from_code

_log = logging.getLogger(__name__)


class LoaderFactory(Protocol):
    """Makes the loaders of a `CachingManager`.

    Called on the threads that ask for servables, from several at once, but for one id by one thread at a time.
    """

    def create_loader(self, id: ServableId) -> Loader:
        """Return a new loader for this version.

        Raises:
            SalverError: There can be no such version; whoever asked for it gets this error.
        """
        ...

    def get_servable_version(self, name: str, choice: VersionChoice) -> int:
        """Return the version meant by a request without number.

        Raises:
            SalverError: There is no such servable.
        """
        ...


def estimated_ram_bytes(loader: Loader) -> int:
    """Return the RAM that the loader estimates, over all devices."""
    return sum(quantity for resource, quantity in loader.estimate_resources().items() if resource.kind == RAM_IN_BYTES)


@dataclass(frozen=True, kw_only=True)
class CachingManagerOptions:
    """How a `CachingManager` works; fixed for its life."""

    limits: ResidencyLimits = field(default_factory=ResidencyLimits)
    """How much stays loaded, and what is never evicted."""
    size_of: Callable[[Loader], int] = estimated_ram_bytes
    """Bytes that a version counts for; asked once, before its load."""
    eviction_timeout_s: float = 10.0
    """How long a load waits for evicted versions to be free of handles and unloaded."""
    basic: BasicManagerOptions = field(
        default_factory=lambda: BasicManagerOptions(retry=RetryOptions(max_num_retries=0))
    )
    """The manager below; it gets at least one unload thread. With zero load threads the threads that ask load."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, for last uses and residency."""


class CachingManager(Manager):
    """Loads on demand.

    `get_servable_handle` blocks while the version is loaded; of several concurrent callers for one version one loads
    it, and all get the outcome. A failed load is forgotten: the next request tries anew. Requests for loaded versions
    never wait for a load.

    Thread-safety: every method may be called from any thread.
    """

    def __init__(self, factory: LoaderFactory, options: CachingManagerOptions | None = None) -> None:
        self._factory = factory
        self._options = options or CachingManagerOptions()
        basic = self._options.basic
        # Evicting on the thread that asks could wait for a handle which that very thread holds.
        self._basic = BasicManager(replace(basic, num_unload_threads=max(1, basic.num_unload_threads)))
        self._changed = threading.Condition()
        """Guards `_loads` and `_residency`; told when a version has left."""
        self._loads: dict[ServableId, Future[Pin]] = {}
        """The loads under way. Each hands out its pin, so that no version is evicted before its callers have it."""
        self._residency = Residency(self._options.limits, self._options.clock)

    def find_pin(self, request: ServableRequest) -> Pin | None:
        """Return the pin of this version, after loading it if need be; blocks then.

        Raises:
            SalverError: The factory's error, the load's, or ResourceExhaustedError if there is no room for it.
        """
        version = request.version
        if version is None:
            version = self._factory.get_servable_version(request.name, request.choice)
        id = ServableId(request.name, version)
        pin = self._basic.find_pin(ServableRequest.from_id(id))
        if pin is None:
            pin = self._load_once(id)
        self._residency.note_used(id)
        return pin

    def all_pins(self) -> Sequence[Pin]:
        """See `Manager`; loads nothing."""
        return self._basic.all_pins()

    def close(self) -> None:
        """Unload everything; blocks, see `BasicManager.close`."""
        self._basic.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # === one load for all who ask ===

    def _load_once(self, id: ServableId) -> Pin:
        with self._changed:
            load = self._loads.get(id)
            is_ours = load is None
            if load is None:
                load = self._loads[id] = Future()
        if is_ours:
            self._run_load(id, load)
        error = load.exception()
        if error is not None:
            # One exception object must not be raised on several threads.
            known = as_salver_error(error)
            raise error_from_code(known.code, known.message)
        return load.result()

    def _run_load(self, id: ServableId, load: Future[Pin]) -> None:
        try:
            # Another load may have ended between our look-up and our turn.
            pin = self._basic.find_pin(ServableRequest.from_id(id)) or self._load(id)
        except BaseException as error:
            self._forget_load(id)
            load.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            self._forget_load(id)
            load.set_result(pin)

    def _forget_load(self, id: ServableId) -> None:
        with self._changed:
            del self._loads[id]

    def _load(self, id: ServableId) -> Pin:
        loader = self._factory.create_loader(id)
        self._make_room(id, self._options.size_of(loader))
        self._basic.manage_servable(ServableData(id, loader))
        outcome: queue.SimpleQueue[SalverError | None] = queue.SimpleQueue()
        self._basic.load_servable(id, outcome.put)
        error = outcome.get()
        if error is not None:
            self._basic.stop_managing_servable(id)
            self._drop(id)
            raise error
        # Before it may be evicted.
        pin = self._basic.find_pin(ServableRequest.from_id(id))
        with self._changed:
            self._residency.note_loaded(id)
        if pin is None:
            raise UnavailableError(f"Servable {id} was unloaded at once: the manager is closed")
        return pin

    # === room ===

    def _make_room(self, id: ServableId, num_bytes: int) -> None:
        """Take room for a version; evict others and wait until they are gone if need be."""
        deadline_s = time.monotonic() + self._options.eviction_timeout_s
        with self._changed:
            self._wait_for(lambda: not self._residency.is_leaving(id), id, deadline_s)
            victims = self._choose_victims(id, num_bytes)
            self._residency.admit(id, num_bytes)
        for victim in victims:
            self._evict(victim)
        with self._changed:
            try:
                self._wait_for(self._residency.is_within_limits, id, deadline_s)
            except ResourceExhaustedError:
                self._drop(id)
                raise

    def _wait_for(self, is_so: Callable[[], bool], id: ServableId, deadline_s: float) -> None:
        if not self._changed.wait_for(is_so, max(0.0, deadline_s - time.monotonic())):
            raise ResourceExhaustedError(f"No room for servable {id}: evicted servables are still in use")

    def _choose_victims(self, id: ServableId, num_bytes: int) -> list[ServableId]:
        victims = self._residency.choose_victims(self._residency.missing_bytes(num_bytes))
        if victims is None:
            limit = self._options.limits.max_bytes
            raise ResourceExhaustedError(
                f"No room for servable {id}: needs {num_bytes} of {limit} bytes, and what is loaded must stay"
            )
        for victim in victims:
            self._residency.note_leaving(victim)
        return victims

    def _evict(self, id: ServableId) -> None:
        _log.info("Evicting servable version %s", id)
        self._basic.unload_servable(id, lambda error: self._on_evicted(id, error))

    def _on_evicted(self, id: ServableId, error: SalverError | None) -> None:
        if error is not None:
            _log.error("Evicting servable %s failed: %s", id, error)
        snapshot = self._basic.get_state_snapshot(id)
        if snapshot is not None and snapshot.state in DROPPABLE_STATES:
            self._basic.stop_managing_servable(id)
            self._drop(id)

    def _drop(self, id: ServableId) -> None:
        with self._changed:
            self._residency.drop(id)
            self._changed.notify_all()
