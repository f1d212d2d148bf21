"""Waits for the interpreter lock, measured by the extension."""

from __future__ import annotations

import threading

from salver.dataplane import wait_for_lock


def test_wait_is_long_while_another_thread_computes() -> None:
    stop = threading.Event()

    def compute() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=compute, daemon=True)
    thread.start()
    busy = sorted(wait_for_lock(0.001) for _ in range(20))
    stop.set()
    thread.join()
    idle = sorted(wait_for_lock(0.001) for _ in range(20))
    assert busy[10] > 10 * idle[10], "the one is a switch interval, the other no wait at all"
