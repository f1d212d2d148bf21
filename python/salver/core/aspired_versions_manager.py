"""The manager that decides: it loads what sources aspire and unloads what they no longer do.

`step` does everything that can be done now: it takes in the lists that came, forgets versions that are gone, and
begins every load and unload that the policies want. A thread calls it whenever there may be something to do: a list
came, a load or unload ended, the pause of a failed version is over. There is no period.

An aspired version's life:

    in a list           -> managed, NEW            -- policy --> loaded, READY
    no longer in a list -> un-aspired              -- policy --> unloaded -> forgotten; if never loaded, forgotten
    load fails          -> ERROR, sticky; or tried again (`reload_servables_with_error`, `failed_version_backoff`)
    un-aspired while it loads: tried no more; if the load succeeds, it is undone
    in a list again while it is still being unloaded: the list waits until the old instance is forgotten

Asked for by hand, both in two steps, of which the second is a list of its source that holds the version once more:

    begin_reload    READY       -> un-aspired and unloaded whatever the policy says; the list waits until it is gone
    allow_retry     ERROR       -> stays so; the list replaces it by the new data, and so tries it again
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Self

from salver.core.aspired_version_policy import Act, Action, AspiredServableStateSnapshot
from salver.core.basic_manager import BasicManager
from salver.core.failed_versions import FailedLoads, FailedVersions
from salver.core.harness_state import DROPPABLE_STATES, HarnessState
from salver.core.ids import ServableId
from salver.core.loader import Loader
from salver.core.managed_servables import ServableStateSnapshot
from salver.core.manager import Manager
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.resources import ResourceAllocation
from salver.core.servable_data import ServableData
from salver.core.servable_handle import Pin
from salver.core.servable_request import ServableRequest
from salver.core.source import TargetBase
from salver.errors import CancelledError, FailedPreconditionError, NotFoundError, SalverError

_log = logging.getLogger(__name__)

Versions = Sequence[ServableData[Loader]]


class AspiredVersionsManager(TargetBase[Loader], Manager):
    """Carries out what its sources aspire, under a policy for each stream.

    Use:
        manager = AspiredVersionsManager(options)
        connect(source_of_loaders, manager)
        manager.start()        # or call step() yourself
        ...
        manager.close()        # after the sources have stopped, or before: late lists are dropped

    Thread-safety: every method may be called from any thread. Lists are only noted by the callback; `step` acts.
    """

    def __init__(self, options: AspiredVersionsManagerOptions | None = None) -> None:
        super().__init__()
        self._options = options or AspiredVersionsManagerOptions()
        self._basic = BasicManager(self._options, self._on_load_end)
        self._step_lock = threading.Lock()
        """Held during a step: one at a time. Guards `_is_aspired` and `_failed`."""
        self._is_aspired: dict[ServableId, bool] = {}
        """Every managed version, and whether the last list of its stream holds it."""
        self._failed = FailedVersions(
            self._options.failed_version_backoff, self._options.clock, self._options.failed_version_max_retries
        )
        self._to_retry: set[ServableId] = set()
        """The failed versions that the next list brings anew; guarded by `_step_lock`."""
        self._mutex = threading.Lock()
        """Guards `_pending` and `_changed`; a leaf, held for an instant only."""
        self._pending: dict[str, Versions] = {}
        """The lists that wait for a step; a newer list of a stream replaces an older one."""
        self._changed: dict[str, None] = {}
        """The streams whose policy is to be asked, in order."""
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    # === control ===

    def start(self) -> None:
        """Start the thread that steps whenever there is something to do. Call once."""
        self._thread = threading.Thread(target=self._run, name="salver-manager", daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Do all that can be done now; blocks only for loads and unloads that have no thread of their own."""
        with self._step_lock:
            self._retry_failed()
            while self._accept_lists() | self._forget_gone() | self._begin_actions():
                pass

    def wait_for_work(self, timeout_s: float | None = None) -> bool:
        """Wait until a step may have something to do; False if the time was up first. For one caller at a time."""
        retry_s = self._failed.seconds_to_next_retry()
        is_retry_first = retry_s is not None and (timeout_s is None or retry_s <= timeout_s)
        is_woken = self._wake.wait(retry_s if is_retry_first else timeout_s)
        self._wake.clear()
        return is_woken or is_retry_first

    def begin_reload(self, id: ServableId) -> None:
        """Begin to unload an aspired version, whatever the policy says; the next list that holds it loads it again.

        Until that list comes the version is not aspired; lists of its stream wait until it is gone.

        Raises:
            NotFoundError: The version is not aspired.
            FailedPreconditionError: It is not loaded.
        """
        with self._step_lock:
            snapshot = self._aspired_snapshot(id)
            if snapshot.state is not HarnessState.READY:
                raise FailedPreconditionError(f"Servable {id} is {snapshot.state.value}; only a loaded one is reloaded")
            _log.info("Reloading servable version %s", id)
            self._is_aspired[id] = False
            self._begin(Action(Act.UNLOAD, id))
        self._note_change(id.name)

    def allow_retry(self, id: ServableId) -> None:
        """Have the next list that holds this failed version try it again.

        Raises:
            NotFoundError: The version is not aspired.
            FailedPreconditionError: It has not failed.
        """
        with self._step_lock:
            snapshot = self._aspired_snapshot(id)
            if snapshot.state is not HarnessState.ERROR:
                raise FailedPreconditionError(f"Servable {id} is {snapshot.state.value}; only a failed one is retried")
            self._to_retry.add(id)

    def give_up_loads(self) -> None:
        """Go on with no load and begin none: for a manager that is about to be closed. Returns at once."""
        self._closed.set()
        self._wake.set()
        self._basic.give_up_loads()

    def close(self) -> None:
        """Take no more lists, stop stepping, unload everything; blocks, see `BasicManager.close`. Idempotent."""
        self.detach()
        self._closed.set()
        self._wake.set()
        # First, because a step may be waiting for a load or for handles: this ends such waits.
        self._basic.close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def num_load_threads(self) -> int:
        """How many loads may run at once; 0 runs them inside `step`."""
        return self._basic.num_load_threads

    def set_num_load_threads(self, num_load_threads: int) -> None:
        """Change how many loads may run at once; returns at once."""
        self._basic.set_num_load_threads(num_load_threads)

    # === looking ===

    def get_managed_servable_names(self) -> list[str]:
        """Return the names that have a managed version."""
        return self._basic.get_managed_servable_names()

    def get_state_snapshots(self, name: str) -> list[AspiredServableStateSnapshot]:
        """Return how the managed versions of this stream are, in the order of versions."""
        return [
            AspiredServableStateSnapshot(s.id, s.state, self._is_aspired.get(s.id, False), s.error)
            for s in self._basic.get_state_snapshots(name)
        ]

    def is_managed(self, id: ServableId) -> bool:
        """Whether this version is managed."""
        return self._basic.get_state_snapshot(id) is not None

    def get_load_s(self, id: ServableId) -> float | None:
        """Return how long the load of this version took; None while it was never loaded."""
        snapshot = self._basic.get_state_snapshot(id)
        return None if snapshot is None else snapshot.load_s

    def get_load_times(self) -> dict[ServableId, float]:
        """Return how many seconds the load of each version that is loaded took, warm-up and attempts included."""
        return self._basic.get_load_times()

    def get_resource_estimate(self, id: ServableId) -> ResourceAllocation | None:
        """See `BasicManager.get_resource_estimate`."""
        return self._basic.get_resource_estimate(id)

    def get_failed_loads(self, id: ServableId) -> FailedLoads:
        """Return how often this version failed since it was last loaded; counted where there is a back-off."""
        return self._failed.get(id)

    def get_resource_estimates(self) -> dict[ServableId, ResourceAllocation]:
        """Return what each version that is loaded, or being so, is taken to occupy, where its loader says so."""
        return self._basic.get_resource_estimates()

    def find_pin(self, request: ServableRequest) -> Pin | None:
        """See `Manager`."""
        return self._basic.find_pin(request)

    def all_pins(self) -> Sequence[Pin]:
        """See `Manager`."""
        return self._basic.all_pins()

    # === the thread ===

    def _run(self) -> None:
        while not self._closed.is_set():
            self.wait_for_work()
            try:
                self.step()
            except Exception:  # noqa: BLE001  # the thread must live on; logged with its traceback
                _log.exception("A step of the manager failed")

    def _set_aspired_versions(self, name: str, versions: Versions) -> None:
        for version in versions:
            if version.id.name != name:
                _log.error("Servable name: %s doesn't match name in servable version: %s", name, version.id.name)
                return
        with self._mutex:
            self._pending[name] = list(versions)
        self._wake.set()

    def _aspired_snapshot(self, id: ServableId) -> ServableStateSnapshot:
        snapshot = self._basic.get_state_snapshot(id) if self._is_aspired.get(id) else None
        if snapshot is None:
            raise NotFoundError(f"Servable {id} is not aspired")
        return snapshot

    # === the parts of a step; each returns whether it changed something ===

    def _accept_lists(self) -> bool:
        with self._mutex:
            pending = dict(self._pending)
        is_changed = False
        for name, versions in pending.items():
            if any(self._is_aspired.get(version.id) is False for version in versions):
                continue  # an instance that was un-aspired has to be gone first
            with self._mutex:
                if self._pending.get(name) is versions:
                    del self._pending[name]
            self._accept(name, versions)
            self._note_change(name)
            is_changed = True
        return is_changed

    def _accept(self, name: str, versions: Versions) -> None:
        aspired = {version.id for version in versions}
        for snapshot in self._basic.get_state_snapshots(name):
            if snapshot.id not in aspired and self._is_aspired[snapshot.id]:
                self._is_aspired[snapshot.id] = False
                self._to_retry.discard(snapshot.id)
                self._failed.forget(snapshot.id)
                self._basic.cancel_load_retry(snapshot.id)
        for version in versions:
            if version.id not in self._is_aspired:
                self._manage(version)
            else:
                self._aspire_again(version)

    def _manage(self, version: ServableData[Loader]) -> None:
        self._is_aspired[version.id] = True
        self._failed.note_attempt(version)
        self._basic.manage_servable(version)

    def _aspire_again(self, version: ServableData[Loader]) -> None:
        """A list holds a version that is aspired already: what is there stays, unless it failed."""
        snapshot = self._basic.get_state_snapshot(version.id)
        if snapshot is None or snapshot.state is not HarnessState.ERROR:
            return
        is_mended = self._failed.offer(version)
        if self._options.reload_servables_with_error or is_mended or version.id in self._to_retry:
            self._manage_anew(version)

    def _manage_anew(self, version: ServableData[Loader]) -> None:
        self._to_retry.discard(version.id)
        self._basic.stop_managing_servable(version.id)
        self._manage(version)

    def _retry_failed(self) -> None:
        for version in self._failed.take_due():
            snapshot = self._basic.get_state_snapshot(version.id)
            if snapshot is not None and snapshot.state is HarnessState.ERROR:
                _log.info("Trying failed servable version %s again", version.id)
                self._manage_anew(version)
                self._note_change(version.id.name)

    def _forget_gone(self) -> bool:
        """Stop managing what is not aspired and not loaded."""
        is_changed = False
        for id in [id for id, is_aspired in self._is_aspired.items() if not is_aspired]:
            snapshot = self._basic.get_state_snapshot(id)
            if snapshot is None or snapshot.state in DROPPABLE_STATES:
                if snapshot is not None:
                    self._basic.stop_managing_servable(id)
                del self._is_aspired[id]
                self._note_change(id.name)
                is_changed = True
        return is_changed

    def _begin_actions(self) -> bool:
        """Begin, round by round, one act of every stream that wants one."""
        with self._mutex:
            names: Iterable[str] = self._changed
            self._changed = {}
        begun: set[Action] = set()
        while names and not self._closed.is_set():
            actions = [action for name in names if (action := self._next_action(name, begun)) is not None]
            for action in sorted(actions, key=self._options.sort_key):
                begun.add(action)
                self._begin(action)
            names = [action.id.name for action in actions]
        return bool(begun)

    def _next_action(self, name: str, begun: set[Action]) -> Action | None:
        try:
            action = self._options.policy_for(name)(self.get_state_snapshots(name))
        except Exception:  # noqa: BLE001  # a policy of the user's; the other streams go on
            _log.exception("The version policy of %s failed", name)
            return None
        # An act that was refused leaves the state as it was: not twice in one step.
        return None if action in begun else action

    def _begin(self, action: Action) -> None:
        try:
            if action.act is Act.LOAD:
                self._basic.begin_load(action.id, lambda error: self._on_load_done(action.id, error))
            else:
                self._basic.begin_unload(action.id, lambda error: self._on_unload_done(action.id, error))
        except SalverError as error:
            # Nothing has changed, so the policy is not asked again: it would want the same for ever.
            _log.error("Servable %s cannot be %sed: %s", action.id, action.act.value, error)

    def _on_load_end(self, id: ServableId, error: SalverError | None) -> None:
        # Before it is published: who reads of a failure finds it counted.
        if error is None:
            self._failed.note_success(id)
        else:
            self._failed.note_failure(id)

    def _on_load_done(self, id: ServableId, error: SalverError | None) -> None:
        if error is not None:
            # A load that was given up, because the version is no longer wanted, is no fault.
            level = logging.INFO if isinstance(error, CancelledError) else logging.ERROR
            _log.log(level, "Servable %s cannot be loaded: %s", id, error)
            self._failed.allow_retry(id)
        self._note_change(id.name)

    def _on_unload_done(self, id: ServableId, error: SalverError | None) -> None:
        if error is not None:
            _log.error("Servable %s cannot be unloaded: %s", id, error)
        self._note_change(id.name)

    def _note_change(self, name: str) -> None:
        """Have the stream's policy asked in the next round."""
        with self._mutex:
            self._changed[name] = None
        self._wake.set()
