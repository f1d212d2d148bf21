"""A server as a process: started, then stopped by a signal.

The main thread only waits. It reads a pipe into which the C part of signal handling writes the number of each signal,
so that none is lost: a handler in Python alone would not run when the signal comes just before the main thread goes to
sleep. The server starts and stops on threads of their own, so that a signal ends a long start, and a second one a long
stop.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

logger = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_SIGNAL_STATUS = 128
"""Exit status of a process that a signal ended, less the signal's number; by convention of shells."""
_WORK_ENDED = 0
"""Written into the pipe, among signal numbers, by a thread that has ended."""
_ASKED = 255
"""Written into the pipe by whoever asks for what a stop signal does."""


class Stoppable(Protocol):
    """What is run."""

    def start(self) -> object:
        """Return when it serves; raise if it cannot."""

    def stop(self) -> None:
        """End a start that runs on another thread, and what was started; blocks. Idempotent."""


def run_until_signal(
    server: Stoppable,
    *,
    force_exit: Callable[[int], object] = os._exit,
    offer: Callable[[Callable[[], None]], None] = lambda _: None,
) -> int:
    """Start `server`, wait for SIGTERM or SIGINT, and stop it; return the exit status 0.

    A second signal ends the process at once. Call it on the main thread.

    Args:
        server: What is run.
        force_exit: Ends the process at once.
        offer: Given a function that, until the server has stopped, does what a first signal does; after one, nothing.

    Raises:
        Exception: What the start or the stop raised.
    """
    with _signal_pipe() as (reader, writer):
        offer(lambda: _write_byte(writer, _ASKED))
        is_starting = _start(server, reader, writer)
        stopping = _Work("salver-stop", server.stop, writer)
        num_running = 1 + is_starting
        while num_running:
            number = _read_byte(reader)
            if number == _WORK_ENDED:
                num_running -= 1
            elif number in STOP_SIGNALS:
                force_exit(_SIGNAL_STATUS + number)
    if stopping.error is not None:
        raise stopping.error
    return 0


def _start(server: Stoppable, reader: int, writer: int) -> bool:
    """Start the server and wait for a signal; return whether it is still starting then."""
    starting = _Work("salver-start", server.start, writer)
    is_starting = True
    while (number := _read_byte(reader)) not in {*STOP_SIGNALS, _ASKED}:
        is_starting = is_starting and number != _WORK_ENDED
        if starting.error is not None and not is_starting:
            server.stop()
            raise starting.error
    logger.info("Stopping on %s", "request" if number == _ASKED else signal.Signals(number).name)
    return is_starting


class _Work:
    """A call on a thread of its own; the last thing that it does is to write its end into a pipe."""

    def __init__(self, name: str, call: Callable[[], object], writer: int) -> None:
        self.error: BaseException | None = None
        self._call = call
        self._writer = writer
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001  # raised again on the main thread
            self.error = error
        _write_byte(self._writer, _WORK_ENDED)


def _write_byte(writer: int, byte: int) -> None:
    os.write(writer, bytes([byte]))


def _read_byte(reader: int) -> int:
    return os.read(reader, 1)[0]


@contextmanager
def _signal_pipe() -> Iterator[tuple[int, int]]:
    """Give both ends of a pipe into which the numbers of stop signals are written."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _do_nothing) for number in STOP_SIGNALS}
    wakeup_before = signal.set_wakeup_fd(writer)
    try:
        yield reader, writer
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Be there, so that the signal does not end the process; the pipe has the number."""
