"""One managed version: its loader, its state, and the acts that lead from one state to the next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from salver.core.harness_state import HarnessEvent, HarnessState, next_state
from salver.core.ids import ServableId
from salver.core.loader import Loader, LoadMetadata
from salver.core.retry import RetryOptions, retry
from salver.errors import (
    CancelledError,
    FailedPreconditionError,
    InternalError,
    SalverError,
    as_salver_error,
    without_traceback,
)

S = TypeVar("S")

StateListener = Callable[["LoaderHarness", HarnessState, SalverError | None], None]
"""Told of each new state; see `LoaderHarness` for when."""

_log = logging.getLogger(__name__)


def _ignore(harness: LoaderHarness, state: HarnessState, error: SalverError | None) -> None:
    del harness, state, error


class LoaderHarness:
    """Takes one loader through its life; what is legal stands in `harness_state`.

    Thread-safety: every method may be called from any thread. Of several concurrent callers of `request_load` or
    `request_unload` exactly one succeeds. No lock is held while the loader loads or unloads.

    The listener is called with `lock` held, just before the new state becomes visible in `state`: what it publishes
    of a state comes before anything that the state permits. An act on the harness from another thread waits for it.
    """

    def __init__(
        self,
        id: ServableId,
        loader: Loader | None,
        *,
        retry_options: RetryOptions | None = None,
        on_state: StateListener = _ignore,
        additional_state: object = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = id
        self.loader = loader
        """None for a version that its source reported as broken."""
        self.lock = threading.RLock()
        """Guards every transition of this version. Taken before any lock of the manager, never after one."""
        self.additional_state = additional_state
        self._retry_options = retry_options or RetryOptions(max_num_retries=0)
        self._on_state = on_state
        self._clock = clock
        self._load_s: float | None = None
        self._log = logging.LoggerAdapter(_log, {"model": id.name, "version": id.version})
        self._state = HarnessState.NEW
        self._error: SalverError | None = None
        self._cancelled = threading.Event()

    @property
    def state(self) -> HarnessState:
        """The present state; read without a lock."""
        return self._state

    @property
    def error(self) -> SalverError | None:
        """What led to the state ERROR."""
        return self._error

    @property
    def load_s(self) -> float | None:
        """Seconds from LOADING to READY, further attempts and a warm-up included; None before."""
        return self._load_s

    @property
    def cancelled(self) -> threading.Event:
        """Set once the load is no longer wanted."""
        return self._cancelled

    @property
    def retry_options(self) -> RetryOptions:
        """How this version's load is tried again."""
        return self._retry_options

    def get_additional_state(self, state_type: type[S]) -> S | None:
        """Return the additional state if it is of this type, otherwise None."""
        state = self.additional_state
        return state if isinstance(state, state_type) else None

    # The requests are the race guards: exactly one of N callers passes.

    def request_load(self) -> None:
        """Ask for the load.

        Raises:
            FailedPreconditionError: Not the first request.
        """
        with self.lock:
            if self._state is not HarnessState.NEW:
                raise FailedPreconditionError("Duplicate load request")
            self._move(HarnessEvent.REQUEST_LOAD)

    def request_unload(self) -> None:
        """Ask for the unload.

        Raises:
            FailedPreconditionError: The version is not ready, or was asked to unload before.
        """
        with self.lock:
            if self._state is not HarnessState.READY:
                raise FailedPreconditionError("Servable not loaded, or unload already requested/ongoing")
            self._move(HarnessEvent.REQUEST_UNLOAD)

    def approve_load(self) -> None:
        """The resources are granted."""
        self._log.info("Approving load for servable version %s", self.id)
        self._move(HarnessEvent.APPROVE_LOAD)

    def load(self, before_load: Callable[[], None] | None = None) -> None:
        """Load, with retries; blocks, also between the attempts.

        Args:
            before_load: Called once, after LOADING was told and before the first attempt; its failure is the load's.

        Raises:
            SalverError: The load failed or was cancelled; the state is ERROR, or DISABLED if a load that succeeded
                had to be undone.
        """
        started_s = self._clock()
        self._move(HarnessEvent.START_LOADING)
        try:
            self._load_loader(before_load)
        except BaseException as error:
            failure = as_salver_error(error)
            if failure is not error:  # not from an attempt, whose error `retry` has logged
                self._log.error("Loading servable version %s raised", self.id, exc_info=error)
            self.fail(failure)
            if isinstance(error, Exception):
                raise failure from None
            raise
        with self.lock:
            is_cancelled = self._cancelled.is_set()
            self._load_s = self._clock() - started_s
            self._move(HarnessEvent.UNDO_LOADING if is_cancelled else HarnessEvent.FINISH_LOADING)
        if is_cancelled:
            failure = CancelledError("Loading of servable cancelled")
            self._unload_loader(failure)
            raise failure
        self._log.info("Successfully loaded servable version %s", self.id)

    def cancel_load(self) -> None:
        """Say that the load is no longer wanted.

        A load that has not begun fails; a pause between attempts ends at once; an attempt that runs goes on, unless
        its loader looks at `LoadMetadata.cancelled`, and is undone if it succeeds. Without effect on a version that
        is loaded.
        """
        with self.lock:
            self._cancelled.set()

    def start_quiescing(self) -> None:
        """Let no new use begin."""
        self._log.info("Quiescing servable version %s", self.id)
        self._move(HarnessEvent.START_QUIESCING)

    def finish_quiescing(self) -> None:
        """No use is left."""
        self._move(HarnessEvent.FINISH_QUIESCING)
        self._log.info("Done quiescing servable version %s", self.id)

    def unload(self) -> None:
        """Unload; blocks.

        Raises:
            SalverError: The loader's unload raised; the state is ERROR.
        """
        self._move(HarnessEvent.START_UNLOADING)
        self._unload_loader(None)

    def fail(self, error: SalverError) -> None:
        """Go to ERROR and keep the reason."""
        with self.lock:
            self._move(HarnessEvent.FAIL, without_traceback(error))
        # A load that was given up, because the version is no longer wanted, is no fault.
        level = logging.INFO if isinstance(error, CancelledError) else logging.ERROR
        self._log.log(level, "Encountered an error for servable version %s: %s", self.id, error)

    def require_loader(self) -> Loader:
        """Return the loader.

        Raises:
            InternalError: There is none; a version without one is in ERROR from its beginning.
        """
        if self.loader is None:
            raise InternalError(f"There is no loader for {self.id}")
        return self.loader

    # === the loader's side ===

    def _load_loader(self, before_load: Callable[[], None] | None) -> None:
        self._log.info("Loading servable version %s", self.id)
        loader = self.require_loader()
        if before_load is not None:
            before_load()
        if self._cancelled.is_set():
            raise CancelledError("Loading of servable cancelled")
        metadata = LoadMetadata(self.id, self._cancelled)
        description = f"Loading servable: {self.id}"
        retry(description, lambda: loader.load_with_metadata(metadata), self._retry_options, self._cancelled)
        if loader.servable is None:
            raise InternalError(f"The loader of {self.id} has no servable after a successful load")

    def _unload_loader(self, reason: SalverError | None) -> None:
        """Unload and end as DISABLED, telling `reason`."""
        self._log.info("Unloading servable version %s", self.id)
        try:
            self.require_loader().unload()
        except BaseException as error:
            failure = as_salver_error(error)
            self._log.error("Unloading servable version %s raised", self.id, exc_info=error)
            self.fail(failure)
            if isinstance(error, Exception):
                raise failure from None
            raise
        self._move(HarnessEvent.FINISH_UNLOADING, reason)
        self._log.info("Done unloading servable version %s", self.id)

    def _move(self, event: HarnessEvent, error: SalverError | None = None) -> None:
        with self.lock:
            state = next_state(self._state, event)
            if state is HarnessState.ERROR:
                self._error = error
            self._on_state(self, state, error)
            self._state = state
