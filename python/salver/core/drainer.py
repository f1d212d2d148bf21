"""Waits until retired versions are no longer used, for all of them on one thread."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from salver.core.servable_handle import PinWatch
from salver.core.serving_map import ServingTable

_log = logging.getLogger(__name__)

_TABLE_WAIT_S = 0.02
"""How long one round over all versions waits for the data plane; a handle released meanwhile is seen after that."""

OnDrained = Callable[[bool], None]
"""Told whether the version is free; False if the drainer gave up."""


@dataclass(slots=True)
class _Waiting:
    watch: PinWatch
    on_drained: OnDrained
    since_s: float
    is_reported: bool = False


class Drainer:
    """Calls back when no handle and no request of the data plane uses a retired version any more.

    No thread of the load and unload pools waits here, so a version that is held for long delays nothing but itself.

    Thread-safety: all methods from any thread; callbacks run on the drainer's thread, or on the caller's if the
    version is free already, and must be quick.
    """

    def __init__(self, tables: Sequence[ServingTable] = (), *, report_after_s: float = 30.0) -> None:
        self._tables = tuple(tables)
        self._report_after_s = report_after_s
        self._inbox: queue.SimpleQueue[_Waiting | PinWatch | None] = queue.SimpleQueue()
        """What wakes the thread. A SimpleQueue, because pins put their end into it inside a destructor."""
        self._lock = threading.Lock()
        """Guards the start and the end of the thread."""
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._deadline_s: float | None = None
        """When to give up on everything, on the monotonic clock."""

    def drain(self, watch: PinWatch, on_drained: OnDrained) -> None:
        """Call `on_drained` once the version is free; at once if it is."""
        if self._is_free(watch):
            on_drained(True)
            return
        with self._lock:
            is_open = not self._is_closed
            if is_open:
                self._start()
                self._inbox.put(_Waiting(watch, on_drained, time.monotonic()))
        if is_open:
            watch.notify(self._inbox.put)
        else:
            on_drained(False)

    def wait(self, watch: PinWatch) -> bool:
        """Block until the version is free; False if the drainer gave up."""
        outcome: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.drain(watch, outcome.put)
        return outcome.get()

    def give_up_after(self, timeout_s: float | None) -> None:
        """Call back with False for what is not free by then, also for what is handed in later; None is no limit."""
        self._deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        self._inbox.put(None)

    def close(self) -> None:
        """Wait for what is being drained, and end the thread."""
        with self._lock:
            self._is_closed = True
            thread = self._thread
        if thread is not None:
            self._inbox.put(None)
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="salver-drain", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        waiting: list[_Waiting] = []
        while waiting or not self._is_closed or not self._inbox.empty():
            self._receive(waiting)
            now_s = time.monotonic()
            is_over = self._deadline_s is not None and now_s >= self._deadline_s
            wait_s = 0.0 if is_over else _TABLE_WAIT_S / max(1, len(waiting))
            waiting = [one for one in waiting if not self._settle(one, now_s, wait_s, is_over=is_over)]

    def _receive(self, waiting: list[_Waiting]) -> None:
        """Wait for news and take all there is."""
        try:
            item = self._inbox.get(timeout=self._patience_s(waiting))
            while True:
                if isinstance(item, _Waiting):
                    waiting.append(item)
                item = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _patience_s(self, waiting: list[_Waiting]) -> float | None:
        """How long to wait for news before looking again."""
        if any(one.watch.is_released for one in waiting):
            return 0.0  # the data plane sends no news; `_settle` waits for it
        if not waiting:
            return None
        if self._deadline_s is not None:
            return max(0.0, min(self._deadline_s - time.monotonic(), self._report_after_s))
        return self._report_after_s

    def _settle(self, one: _Waiting, now_s: float, wait_s: float, *, is_over: bool) -> bool:
        """Call back if there is something to say; True if that version is done with."""
        if self._is_free(one.watch, wait_s):
            one.on_drained(True)
            return True
        if is_over:
            one.on_drained(False)
            return True
        if not one.is_reported and now_s - one.since_s >= self._report_after_s:
            one.is_reported = True
            by = "requests" if one.watch.is_released else "handles"
            _log.warning("Servable version %s is to be unloaded, but %s still use it", one.watch.id, by)
        return False

    def _is_free(self, watch: PinWatch, timeout_s: float = 0.0) -> bool:
        return watch.is_released and all(table.wait_until_released(watch.id, timeout_s) for table in self._tables)
