"""A drain that somebody asks for while the server runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class DrainRequest:
    """Begins the end of a server, once, on no thread of the caller's.

    Behind the command line that is the same as SIGTERM. In a program of somebody else's it is `Server.stop`, on a
    thread of its own: the program goes on and finds the server stopped.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        """Make a request that nobody has made yet.

        Args:
            stop: Stops the server; blocks.
        """
        self._begin: Callable[[], None] = lambda: self._on_thread(stop)
        self._lock = threading.Lock()  # guards _is_made
        self._is_made = False
        self.timeout_s: float | None = None
        """Longest wait for accepted requests that was asked for; None is that of the configuration."""

    def become(self, begin: Callable[[], None]) -> None:
        """Have the process end in its own way: call `begin`, which must not block, in place of stopping the server."""
        self._begin = begin

    def make(self, timeout_s: float | None = None) -> None:
        """Begin to drain; does nothing more where that was asked for before.

        Args:
            timeout_s: Longest wait for accepted requests.
        """
        with self._lock:
            if self._is_made:
                return
            self._is_made, self.timeout_s = True, timeout_s
        logger.info("A drain was asked for on the admin listener")
        self._begin()

    @staticmethod
    def _on_thread(stop: Callable[[], None]) -> None:
        # No daemon: a program that ends meanwhile waits for it, as it would for its own call of `stop`.
        threading.Thread(target=stop, name="salver-drain").start()
