"""Threads that pull work from the data plane until they are told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

logger = logging.getLogger(__name__)

W = TypeVar("W")
W_contra = TypeVar("W_contra", contravariant=True)

_POLL_S = 30.0
"""How long one pull waits; the data plane ends it at once when it stops."""


class Worker(Protocol[W_contra]):
    """Does the work of one kind."""

    def handle(self, work: W_contra, /) -> None:
        """Do one piece of work and answer it; must not raise."""


class PullThreads(Generic[W]):
    """A fixed number of threads in a loop of pull and handle; started once, stopped once."""

    def __init__(
        self, name: str, num_threads: int, pull: Callable[[float], W | None], worker: Worker[W], poll_s: float = _POLL_S
    ) -> None:
        self.name = name
        self._pull = pull
        self._worker = worker
        self._poll_s = poll_s
        self._is_stopping = threading.Event()
        # Daemons: a servable that never returns must not keep the process from ending.
        self._threads = [
            threading.Thread(target=self._loop, name=f"salver-{name}-{number}", daemon=True)
            for number in range(num_threads)
        ]

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Tell the threads to stop and wait for them; False if one is still busy after the time. Idempotent.

        A thread that waits for work notices when the data plane stops, or at the end of its present pull.
        """
        self._is_stopping.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def step(self) -> bool:
        """Do one round: pull, and handle what came. Returns whether something came."""
        work = self._pull(self._poll_s)
        if work is None:
            return False
        self._worker.handle(work)
        return True

    def _loop(self) -> None:
        while not self._is_stopping.is_set():
            try:
                self.step()
            except Exception:
                logger.exception("A worker thread failed outside its work")
                # Not a busy loop where every pull fails.
                self._is_stopping.wait(self._poll_s)
