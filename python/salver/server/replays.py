"""Replaying recorded requests on a version that is loaded, to see whether and how fast it answers them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from salver.admin.replay import Failure, LatencyQuantiles, ReplayReport
from salver.boundary import DataPlane, Target
from salver.core.ids import ServableId
from salver.core.manager import Manager
from salver.core.servable_request import ServableRequest
from salver.errors import CancelledError, ResourceExhaustedError, SalverError, as_salver_error
from salver.records.recorded_request import recorded_request
from salver.server.serving_table import DataPlaneServingTable

MAX_REPLAYS = 2
"""At the same time: each has threads, and a body in memory."""
MAX_FAILURES = 100
"""Told one by one; all are counted."""


class Replays:
    """Replays records on versions. Thread-safe."""

    def __init__(
        self,
        plane: DataPlane,
        table: DataPlaneServingTable,
        manager: Manager,
        *,
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the replays of a server; `is_stopping` says whether it stops, which ends every replay."""
        self._plane = plane
        self._table = table
        self._manager = manager
        self._is_stopping = is_stopping
        self._clock = clock
        self._room = threading.BoundedSemaphore(MAX_REPLAYS)

    def replay(self, id: ServableId, content: bytes, concurrency: int, is_wanted: Callable[[], bool]) -> ReplayReport:
        """Replay a TFRecord file of PredictionLogs on one version; blocks.

        The requests have queues of their own, beside those of clients, and the same batching and runners.

        Args:
            id: The version, which has to be loaded.
            content: The file.
            concurrency: Requests at a time; >= 1.
            is_wanted: Whether somebody still waits for it; looked at between two requests.

        Raises:
            NotFoundError: The version is not loaded.
            DataLossError: The file is damaged, or no TFRecord file; nothing was replayed.
            ResourceExhaustedError: Too many are replayed already.
            CancelledError: It is no longer wanted.
        """
        if not self._room.acquire(blocking=False):
            raise ResourceExhaustedError(f"{MAX_REPLAYS} files are being replayed already; wait for one of them")
        try:
            records = _records(content)
            with self._manager.get_servable_handle(ServableRequest(id.name, id.version)) as handle:
                return self._replayed(handle.id, handle.servable, records, concurrency, is_wanted)
        finally:
            self._room.release()

    def _replayed(
        self, id: ServableId, servable: object, records: list[bytes], concurrency: int, is_wanted: Callable[[], bool]
    ) -> ReplayReport:
        def goes_on() -> bool:
            return is_wanted() and not self._is_stopping()

        with self._table.unpublished_target(id, servable) as target:
            replay = _Replay(self._plane, target, records, goes_on, self._clock)
            started_s = self._clock()
            replay.run(concurrency)
            return replay.report(self._clock() - started_s)


def _records(content: bytes) -> list[bytes]:
    from salver.wire.tfrecord import read_records  # not on the start path

    return list(read_records(io.BytesIO(content)))


class _Replay:
    """One pass over records, by several threads."""

    def __init__(
        self,
        plane: DataPlane,
        target: Target,
        records: Sequence[bytes],
        is_wanted: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._plane = plane
        self._target = target
        self._num_records = len(records)
        self._is_wanted = is_wanted
        self._clock = clock
        self._lock = threading.Lock()
        """Guards what follows."""
        self._left: Iterator[tuple[int, bytes]] = enumerate(records)
        self._failures: list[Failure] = []
        self._num_failed = 0
        self._num_empty = 0
        self._latencies_s: list[float] = []
        self._is_given_up = False

    def run(self, num_threads: int) -> None:
        """Replay everything; the calling thread is one of the threads.

        Raises:
            CancelledError: It is no longer wanted.
        """
        # Daemons: a servable that never returns must not keep the process from ending.
        helpers = [
            threading.Thread(target=self._work, name=f"salver-replay-{number}", daemon=True)
            for number in range(min(num_threads, self._num_records) - 1)
        ]
        for helper in helpers:
            helper.start()
        self._work()
        for helper in helpers:
            helper.join()
        if self._is_given_up:
            raise CancelledError("nobody waits for the replay any more")

    def report(self, elapsed_s: float) -> ReplayReport:
        """Say what came of it."""
        return ReplayReport(
            num_records=self._num_records,
            num_failed=self._num_failed,
            num_empty=self._num_empty,
            failures=tuple(sorted(self._failures, key=lambda failure: failure.index)),
            latency_s=quantiles(self._latencies_s),
            elapsed_s=elapsed_s,
        )

    def _work(self) -> None:
        while (numbered := self._next()) is not None:
            self._replay(*numbered)

    def _next(self) -> tuple[int, bytes] | None:
        with self._lock:
            self._is_given_up |= not self._is_wanted()
            return None if self._is_given_up else next(self._left, None)

    def _replay(self, index: int, record: bytes) -> None:
        try:
            request = recorded_request(record)
            if request is None:
                with self._lock:
                    self._num_empty += 1
                return
            started_s = self._clock()
            self._plane.replay(self._target, request.api, request.message)
            took_s = self._clock() - started_s
        except Exception as error:  # noqa: BLE001  # whatever a model raises is what is to be told
            self._note_failure(index, as_salver_error(error))
        else:
            with self._lock:
                self._latencies_s.append(took_s)

    def _note_failure(self, index: int, error: SalverError) -> None:
        with self._lock:
            self._num_failed += 1
            if len(self._failures) < MAX_FAILURES:
                self._failures.append(Failure(index=index, code=error.code.name, message=error.message))


def quantiles(values_s: Sequence[float]) -> LatencyQuantiles | None:
    """Return the quantiles of these times, each one that was seen; None of none."""
    ordered = sorted(values_s)
    if not ordered:
        return None

    def at(part: float) -> float:
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)]

    return LatencyQuantiles(p50=at(0.5), p90=at(0.9), p99=at(0.99), max=ordered[-1])
