"""What needs no socket: handle look-ups, and rows through the scheduler to a servable that does nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

import salver
from benches.table import Report
from salver.core.ids import ServableId
from salver.core.servable_request import ServableRequest
from salver.core.static_manager import StaticManagerBuilder

SIZES = ((1, 1, False), (1, 64, False), (8, 1, True), (64, 1, True), (8, 64, True))
"""Submitting threads, rows in a request, batching."""


def bench(report: Report, *, rounds: int, seconds: float) -> None:
    """Measure on one core and report."""
    with one_core():
        handles = max(handle_lookups(seconds) for _ in range(rounds))
        rows = {size: max(scheduled_rows(*size, seconds) for _ in range(rounds)) for size in SIZES}
    report.add("Handle look-ups, one core", ("what", "a second"), [("get_servable_handle, latest", f"{handles:,.0f}")])
    report.add(
        "Scheduler round trip of rows through a Python servable that does nothing, one core",
        ("submitting threads", "rows a request", "batching", "requests/s", "rows/s"),
        [
            (str(threads), str(size), "on" if batching else "off", f"{got / size:,.0f}", f"{got:,.0f}")
            for (threads, size, batching), got in rows.items()
        ],
        "Through Server.predict: Python threads submit and a Python thread runs, all on one core; a second is one of "
        "processor time, so that neighbours on the machine do not count.",
    )
    report.target("handle look-ups", "300,000/s", f"{handles:,.0f}/s", is_reached=handles >= 300_000)
    for size in (1, 64):
        best = max(got for (_, num_rows, _), got in rows.items() if num_rows == size)
        name = f"scheduled no-op rows, {size} a request"
        report.target(name, "100,000/s", f"{best:,.0f}/s", is_reached=best >= 100_000)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and threads it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def handle_lookups(seconds: float) -> float:
    """Handles taken and given back in a second, the latest version each time."""
    builder = StaticManagerBuilder()
    for name in ("one", "two", "three"):
        builder.add_servable(ServableId(name, 1), object())
    manager = builder.build()
    request = ServableRequest.latest("two")

    def look_up() -> None:
        for _ in range(1000):
            with manager.get_servable_handle(request):
                pass

    try:
        return 1000 * repeat(look_up, seconds)
    finally:
        manager.close()


def repeat(work: Callable[[], None], seconds: float) -> float:
    """How often the work is done in a second of processor time."""
    work()
    started, count = time.process_time(), 0
    while time.process_time() - started < seconds:
        work()
        count += 1
    return count / (time.process_time() - started)


def scheduled_rows(num_threads: int, num_rows: int, batching: bool, seconds: float) -> float:  # noqa: FBT001
    """Rows a second of processor time, all threads of this process together."""
    spec = {"x": salver.TensorSpec(np.float32, [None])}
    servable = salver.CallableServable(lambda inputs: inputs, inputs=spec, outputs=spec)
    x = np.zeros(num_rows, np.float32)
    counts = [0] * num_threads
    with salver.Server(
        servables={"nothing": servable}, grpc_port=None, rest_port=None, num_runners=1, enable_batching=batching
    ) as server:
        stop = threading.Event()

        def submit(at: int) -> None:
            inputs = {"x": x}
            while not stop.is_set():
                server.predict("nothing", inputs)
                counts[at] += 1

        threads = [threading.Thread(target=submit, args=(at,)) for at in range(num_threads)]
        started = time.process_time()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        stop.set()
        for thread in threads:
            thread.join(30)
        return sum(counts) * num_rows / (time.process_time() - started)
