"""Replaying recorded requests on a version that is loaded, to see whether and how fast it answers them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from salver.admin.replay import Failure, LatencyQuantiles, ReplayQuery, ReplayReport
from salver.boundary import DataPlane, Target
from salver.core.ids import ServableId
from salver.core.manager import Manager
from salver.core.servable_request import ServableRequest
from salver.errors import (
    AbortedError,
    CancelledError,
    DeadlineExceededError,
    ResourceExhaustedError,
    SalverError,
    UnavailableError,
    as_salver_error,
)
from salver.records.recorded_request import RecordedRequest, recorded_request
from salver.server.serving_table import DataPlaneServingTable

MAX_REPLAYS = 2
"""At the same time: each has threads, and a body in memory."""
MAX_FAILURES = 100
"""Told one by one; all are counted."""
_LOOK_S = 0.2
"""How soon it is noticed that a replay is to end while its requests run."""

GoesOn = Callable[[], None]
"""Raises a SalverError once a replay is to end."""


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

    def replay(self, id: ServableId, content: bytes, query: ReplayQuery, is_wanted: Callable[[], bool]) -> ReplayReport:
        """Replay a TFRecord file of PredictionLogs on one version; blocks.

        The requests have queues of their own, beside those of clients, and the same batching and runners. The version
        is held, but not against its unloading: once that begins no request follows, and those that run have a moment.

        Args:
            id: The version, which has to be loaded.
            content: The file.
            query: How.
            is_wanted: Whether somebody still waits for it; looked at several times a second.

        Raises:
            NotFoundError: The version is not loaded.
            DataLossError: The file is damaged, or no TFRecord file; nothing was replayed.
            ResourceExhaustedError: Too many are replayed already.
            DeadlineExceededError: A request took longer than `query.timeout_s`; none follows it, because each that
                hangs keeps a runner.
            CancelledError: It is no longer wanted.
            AbortedError: The version is to be unloaded.
            UnavailableError: The server stops.
        """
        if not self._room.acquire(blocking=False):
            raise ResourceExhaustedError(f"{MAX_REPLAYS} files are being replayed already; wait for one of them")
        with ExitStack() as place:
            place.callback(self._room.release)
            records = _records(content)
            with self._manager.get_servable_handle(ServableRequest(id.name, id.version)) as handle:
                check = partial(self._check_goes_on, handle.id, handle.servable, is_wanted)
                with self._table.unpublished_target(handle.id, handle.servable) as target:
                    replay = _Replay(self._plane, target, records, query, self._clock)
                    # What was given up keeps its place as long as something of it runs.
                    return replay.run(check, on_over=place.pop_all().close)

    def _check_goes_on(self, id: ServableId, servable: object, is_wanted: Callable[[], bool]) -> None:
        if self._is_stopping():
            raise UnavailableError("the server is stopping; the replay was given up")
        if not self._serves(id, servable):
            raise AbortedError(f"version {id.version} of {id.name} is to be unloaded; the replay was given up")
        if not is_wanted():
            raise CancelledError("nobody waits for the replay any more")

    def _serves(self, id: ServableId, servable: object) -> bool:
        # In a frame of its own, which no traceback keeps: a pin that is kept keeps the version loaded.
        pin = self._manager.find_pin(ServableRequest(id.name, id.version))
        return pin is not None and pin.servable is servable


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
        query: ReplayQuery,
        clock: Callable[[], float],
    ) -> None:
        self._plane = plane
        self._target = target
        self._num_records = len(records)
        self._num_threads = min(query.concurrency, len(records))
        self._timeout_s = query.timeout_s
        self._clock = clock
        self._lock = threading.Lock()
        """Guards what follows."""
        self._left: Iterator[tuple[int, bytes]] = enumerate(records)
        self._failures: list[Failure] = []
        self._num_failed = 0
        self._num_empty = 0
        self._latencies_s: list[float] = []
        self._end: SalverError | None = None
        """Why no further record is taken."""
        self._num_running = 0
        """Threads, the caller's included."""
        self._on_over: Callable[[], None] = lambda: None

    def run(self, check_goes_on: GoesOn, *, on_over: Callable[[], None]) -> ReplayReport:
        """Replay everything, and say what came of it; `on_over` is called once nothing of it runs any more.

        Raises:
            SalverError: Raised by `check_goes_on`, which is asked again and again, or a request took too long. What
                was begun may still run.
        """
        self._on_over = on_over
        self._enter()
        try:
            started_s = self._clock()
            for worker in [self._start_worker(number, check_goes_on) for number in range(self._num_threads)]:
                self._join(worker, check_goes_on)
            return self._report(self._clock() - started_s)
        finally:
            self._leave()

    def _start_worker(self, number: int, check_goes_on: GoesOn) -> threading.Thread:
        # A daemon: a servable that never returns must not keep the process from ending.
        name = f"salver-replay-{number}"
        worker = threading.Thread(target=self._work, args=(check_goes_on,), name=name, daemon=True)
        self._enter()
        try:
            worker.start()
        except RuntimeError as error:
            self._leave()
            failure = ResourceExhaustedError(f"no thread can be started for a replay: {error}")
            self._finish(failure)
            raise failure from None
        return worker

    def _enter(self) -> None:
        with self._lock:
            self._num_running += 1

    def _leave(self) -> None:
        with self._lock:
            self._num_running -= 1
            is_over = self._num_running == 0
        if is_over:
            self._on_over()

    def _join(self, worker: threading.Thread, check_goes_on: GoesOn) -> None:
        while True:
            worker.join(_LOOK_S)
            with self._lock:
                if self._end is not None:
                    raise self._end
            if not worker.is_alive():
                return
            self._check(check_goes_on)

    def _check(self, check_goes_on: GoesOn) -> bool:
        """Look whether it goes on; a no is kept."""
        try:
            check_goes_on()
        except SalverError as error:
            self._finish(error)
        with self._lock:
            return self._end is None

    def _finish(self, error: SalverError) -> None:
        with self._lock:
            self._end = self._end or error
            self._left = iter(())

    def _report(self, elapsed_s: float) -> ReplayReport:
        return ReplayReport(
            num_records=self._num_records,
            num_failed=self._num_failed,
            num_empty=self._num_empty,
            failures=tuple(sorted(self._failures, key=lambda failure: failure.index)),
            latency_s=quantiles(self._latencies_s),
            elapsed_s=elapsed_s,
        )

    def _work(self, check_goes_on: GoesOn) -> None:
        try:
            while self._check(check_goes_on) and (numbered := self._next()) is not None:
                self._replay(*numbered)
        finally:
            self._leave()

    def _next(self) -> tuple[int, bytes] | None:
        with self._lock:
            return next(self._left, None)

    def _replay(self, index: int, record: bytes) -> None:
        try:
            request = recorded_request(record)
            took_s = None if request is None else self._timed(index, request)
        except Exception as error:  # noqa: BLE001  # whatever a model raises is what is to be told
            self._note_failure(index, as_salver_error(error))
            return
        with self._lock:
            if took_s is None:
                self._num_empty += 1
            else:
                self._latencies_s.append(took_s)

    def _timed(self, index: int, request: RecordedRequest) -> float:
        started_s = self._clock()
        try:
            self._plane.replay(self._target, request.api, request.message, self._timeout_s)
        except DeadlineExceededError:
            # A model may raise the same for reasons of its own, which is a failure like any other.
            if self._clock() - started_s >= self._timeout_s:
                text = f"record {index} was not answered within {self._timeout_s:g} s; no record after it is replayed"
                self._finish(DeadlineExceededError(text))
            raise
        return self._clock() - started_s

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
