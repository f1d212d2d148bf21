"""Threads that run loads and unloads: first in, first out, and their number may change while they run."""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Callable

Task = Callable[[], None]

_log = logging.getLogger(__name__)


class TaskPool:
    """Runs tasks on up to `num_threads` threads; with 0, on the thread that submits them.

    Threads start when there is work for them. Never do more than `num_threads` tasks run at once, also just after it
    was lowered: what runs goes on, and new tasks wait until there is room.

    Thread-safety: all methods from any thread. A task may submit tasks; it must not call `close`.
    """

    def __init__(self, name: str, num_threads: int) -> None:
        self._name = name
        self._changed = threading.Condition()
        """Guards everything below."""
        self._limit = num_threads
        self._tasks: collections.deque[Task] = collections.deque()
        self._threads: list[threading.Thread] = []
        self._num_running = 0
        self._is_closed = False

    @property
    def num_threads(self) -> int:
        """How many tasks may run at once; 0 runs them on the submitting thread."""
        return self._limit

    def submit(self, task: Task) -> None:
        """Queue `task`, or run it now if there are no threads (it may raise then). A closed pool runs it now."""
        with self._changed:
            runs_here = self._limit == 0 or self._is_closed
            if not runs_here:
                self._tasks.append(task)
                self._start_threads()
                self._changed.notify_all()
            elif threading.current_thread() not in self._threads:
                # The rest of a pool that just went to 0 threads must not run beside this one.
                self._changed.wait_for(self._is_idle)
        if runs_here:
            task()

    def resize(self, num_threads: int) -> None:
        """Change the number of threads; does not wait. With 0 what is queued still runs on a thread, alone."""
        with self._changed:
            self._limit = num_threads
            self._start_threads()
            self._changed.notify_all()

    def close(self, timeout_s: float | None = None) -> bool:
        """Wait until everything queued has run, then end the threads; False if one still runs after the time."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            threads = list(self._threads)
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in threads:
            thread.join(None if deadline_s is None else max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _is_idle(self) -> bool:
        return not self._tasks and self._num_running == 0

    def _start_threads(self) -> None:
        wanted = min(self._limit, self._num_running + len(self._tasks))
        while len(self._threads) < wanted:
            name = f"{self._name}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (task := self._take()) is not None:
            try:
                task()
            except BaseException:  # noqa: BLE001  # a task that wants to exit must not take the pool's thread with it
                _log.exception("A task of the manager raised")
            # Whatever the task held is freed now, not when the next one comes.
            del task
            with self._changed:
                self._num_running -= 1
                self._changed.notify_all()

    def _take(self) -> Task | None:
        """Wait for the next task; None ends the thread."""
        with self._changed:
            while True:
                if self._tasks and self._num_running < max(self._limit, 1):
                    self._num_running += 1
                    return self._tasks.popleft()
                is_spare = len(self._threads) > max(self._limit, 1)
                if (self._is_closed and not self._tasks) or (is_spare and not self._is_closed):
                    if not self._is_closed:
                        self._threads.remove(threading.current_thread())
                    return None
                self._changed.wait()
