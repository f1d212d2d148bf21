"""Calls that wait for models or clients: each on a thread of its own, so that quick ones go on being answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class SlowCalls:
    """Runs a limited number of calls at a time."""

    def __init__(self, name: str, max_running: int = 8) -> None:
        self._name = name
        self._max_running = max_running
        self._lock = threading.Lock()  # guards _running
        self._running: list[threading.Thread] = []

    def submit(self, call: Callable[[], None]) -> bool:
        """Run `call` on a new thread; False, and nothing is run, while as many run as may or can."""
        with self._lock:
            self._running = [thread for thread in self._running if thread.is_alive()]
            if len(self._running) >= self._max_running:
                return False
            thread = threading.Thread(target=call, name=f"salver-{self._name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no thread left
                return False
            self._running.append(thread)
        return True

    def join(self, timeout_s: float) -> bool:
        """Wait for the calls that run; False if one still does after the time."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            running = list(self._running)
        for thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in running)
