"""A thread around a step."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class PollThread:
    """Calls a step again and again, with the pauses the step asks for, until it is stopped.

    The step returns the seconds until it wants to be called again, None for "when woken". One that raises is logged and
    called again after a pause.
    """

    _PAUSE_AFTER_FAILURE_S = 1.0

    def __init__(self, step: Callable[[], float | None], name: str) -> None:
        """Make a thread of this name; it does not run yet."""
        self._step = step
        self._is_stopping = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Run; the first step follows at once."""
        self._thread.start()

    def wake(self) -> None:
        """Have the step called now, or once more after the running one."""
        self._woken.set()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Have no further step begin, and wait for the running one; idempotent.

        Returns:
            Whether the thread has ended. Called from the step itself it does not wait.
        """
        self._is_stopping = True
        self._woken.set()
        if self._thread is threading.current_thread() or self._thread.ident is None:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.wait(self._guarded_step())
            self._woken.clear()

    def _guarded_step(self) -> float | None:
        try:
            return self._step()
        except Exception:
            logger.exception("A step of thread %s failed", self._thread.name)
            return self._PAUSE_AFTER_FAILURE_S
