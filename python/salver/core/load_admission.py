"""Decides which load may begin: serially, and only while there is room."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from salver.core.executions import Executions
from salver.core.harness_state import RESOURCE_STATES
from salver.core.loader import Loader
from salver.core.loader_harness import LoaderHarness
from salver.core.resource_tracker import ResourceTracker
from salver.core.retry import retry
from salver.errors import CancelledError, ResourceExhaustedError, SalverError, error_from_code

_log = logging.getLogger(__name__)

_REFUSAL = "Insufficient resources to load servable"


class LoadAdmission:
    """Grants resources to loads, one decision at a time.

    A load that finds no room waits while other loads or unloads are under way, and the decisions behind it wait with
    it: a large servable is not starved by small ones that come later. Unloads need no decision, so they never wait.

    What is used is not counted down but summed anew for each decision: an estimate that shrinks frees room.
    """

    def __init__(
        self,
        tracker: ResourceTracker | None,
        executions: Executions,
        list_harnesses: Callable[[], Iterable[LoaderHarness]],
    ) -> None:
        self._tracker = tracker
        self._executions = executions
        self._list_harnesses = list_harnesses
        self._lock = threading.Lock()
        """Guards the tracker and makes decisions serial. Held while waiting for room, not between retries."""

    def admit(self, harness: LoaderHarness) -> None:
        """Reserve what the version needs, approve its load and count it as under way; blocks.

        A failing estimate is tried again like a failing load.

        Raises:
            SalverError: There is no room and nothing under way to make some, or the estimate fails; the version is in
                ERROR.
        """
        description = f"Reserving resources for servable: {harness.id}"
        try:
            refusal = retry(description, lambda: self._decide(harness), harness.retry_options, harness.cancelled)
        except SalverError as error:
            context = f"Error while attempting to reserve resources to load servable {harness.id}"
            refusal = error_from_code(error.code, f"{context}: {error.message}")
        if refusal is not None:
            harness.fail(refusal)
            raise refusal

    def _decide(self, harness: LoaderHarness) -> SalverError | None:
        """Approve the load, or return why not."""
        with self._lock:
            while True:
                # Counted before the look at the room: an end between the two is not missed.
                before = self._executions.count()
                if self._reserve(harness):
                    harness.approve_load()
                    self._executions.begin()
                    return None
                if before.num_ongoing == 0:
                    return ResourceExhaustedError(self._explain(harness))
                self._executions.wait_for_end(before, harness.cancelled)
                if harness.cancelled.is_set():
                    return CancelledError("Loading of servable cancelled")

    def _reserve(self, harness: LoaderHarness) -> bool:
        if self._tracker is None:
            return True
        self._tracker.recompute_used(_loaders_in_use(self._list_harnesses()))
        is_reserved = self._tracker.reserve(harness.require_loader())
        if is_reserved:
            _log.info("Successfully reserved resources to load servable %s", harness.id)
        return is_reserved

    def _explain(self, harness: LoaderHarness) -> str:
        details = "" if self._tracker is None else self._tracker.explain_refusal(harness.require_loader())
        return f"{_REFUSAL} {harness.id}: {details.removeprefix(_REFUSAL + ': ')}"


def _loaders_in_use(harnesses: Iterable[LoaderHarness]) -> list[Loader]:
    return [harness.require_loader() for harness in harnesses if harness.state in RESOURCE_STATES]
