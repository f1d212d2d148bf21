"""The threads of a batcher, which pull turns from its queue until it is drained.

Nothing here refers to the batcher: one that is dropped without `close` is collected, its queue drains, and the threads
end. At the end of the process all crews are drained and waited for. A process that is forked off has none of the
threads, and whatever the queue held is the parent's to answer; the child begins with an empty queue.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable

from salver.batching.calls import deliver
from salver.batching.loop_thread import LoopThread
from salver.batching.queue import BatchQueue, BatchTurn
from salver.batching.refusals import refusal_error
from salver.errors import FailedPreconditionError

_PULL_S = 3600.0
"""How long one pull waits; a queue that stops ends it at once."""

_crews: weakref.WeakSet[Crew] = weakref.WeakSet()


class Crew:
    """A queue and the threads that work it off; they start with the first call."""

    def __init__(
        self,
        name: str,
        num_threads: int,
        make_queue: Callable[[], BatchQueue],
        make_handle: Callable[[LoopThread], Callable[[BatchTurn], None]],
    ) -> None:
        """Make a crew without threads yet.

        Args:
            name: Begins the names of the threads.
            num_threads: Turns that are handled at the same time.
            make_queue: Makes the queue, once for each process that the crew finds itself in.
            make_handle: Makes what handles a turn, which must not raise, given an event loop for it.
        """
        self.name = name
        self._num_threads = num_threads
        self._make_queue = make_queue
        self._make_handle = make_handle
        self._is_finished = False
        self.renew()
        _crews.add(self)

    def renew(self) -> None:
        """Begin again, without a look at threads and queue, which belong to another process."""
        self.queue = self._make_queue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._num_working = 0
        self._loop_thread = LoopThread(f"{self.name}-loop")
        if self._is_finished:
            self.queue.finish()

    def start(self) -> None:
        """Start the threads, unless they are there or the crew is finished."""
        if self._threads:
            return
        with self._lock:
            if self._threads or self._is_finished:
                return
            handle = self._make_handle(self._loop_thread)
            for number in range(self._num_threads):
                # Daemons: they are waited for at the exit, when they have drained the queue, not before.
                thread = threading.Thread(target=self._work, args=(handle,), name=f"{self.name}-{number}", daemon=True)
                thread.start()
                self._num_working += 1
                self._threads.append(thread)

    def finish(self) -> None:
        """Take no more calls; the threads end when those that wait are answered. Does not wait."""
        self._is_finished = True
        self.queue.finish()

    def close(self, timeout_s: float | None = None) -> None:
        """Finish, and wait for the threads; after the time, calls that still wait are answered UNAVAILABLE."""
        if threading.current_thread() in self._threads or self._loop_thread.is_current():
            raise FailedPreconditionError(f"batcher {self.name} cannot be closed by its own run, which it waits for")
        self.finish()
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._lock:
            threads = self._threads
        for thread in threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        deliver((call, refusal_error(self.name, "stopped")) for call in self.queue.stop())
        for thread in threads:
            thread.join()

    def _work(self, handle: Callable[[BatchTurn], None]) -> None:
        queue = self.queue
        while True:
            turn = queue.next(_PULL_S)
            if turn is not None:
                handle(turn)
            elif queue.is_stopped:
                break
            turn = None  # while it waits, the thread holds nobody's items
        with self._lock:
            self._num_working -= 1
            is_last = self._num_working == 0
        if is_last:
            self._loop_thread.stop()


def _drain_all() -> None:
    crews = list(_crews)
    for crew in crews:
        crew.finish()
    for crew in crews:
        crew.close()


def _renew_all() -> None:
    for crew in list(_crews):
        crew.renew()


atexit.register(_drain_all)
os.register_at_fork(after_in_child=_renew_all)
