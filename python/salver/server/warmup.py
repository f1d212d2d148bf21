"""Warm-up: replaying recorded requests on a version that is loaded and does not serve yet.

The first runs of a model are slow: memory is allocated, kernels are chosen, graphs are compiled. Replayed requests take
that upon them, through the same checks, queues and batching as requests of clients. What fails here fails the load.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from salver.boundary import DataPlane, Target
from salver.core.ids import ServableId
from salver.core.storage_path import StoragePath
from salver.errors import (
    CancelledError,
    Code,
    InvalidArgumentError,
    SalverError,
    as_salver_error,
    error_from_code,
)
from salver.servables.servable import is_servable
from salver.server.metrics import Metrics
from salver.server.serving_table import DataPlaneServingTable
from salver.server.warmup_records import (
    MAX_RECORDS,
    RecordedRequest,
    read_warmup_data,
    recorded_request,
    warmup_file,
)

_log = logging.getLogger(__name__)

_MICROS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class WarmupOptions:
    """How versions are warmed up."""

    num_iterations: int = 1
    """Times in a row that each record is replayed; >= 1."""
    num_threads: int = 1
    """Records of one version that may be replayed at the same time; >= 1."""


class Warmup:
    """Warms up versions of every kind. Thread-safe."""

    def __init__(
        self,
        plane: DataPlane,
        table: DataPlaneServingTable,
        options: WarmupOptions,
        metrics: Metrics,
        *,
        on_warm: Callable[[ServableId, float], None] = lambda _id, _seconds: None,
    ) -> None:
        self._plane = plane
        self._table = table
        self._options = options
        self._metrics = metrics
        self._on_warm = on_warm

    def run(self, id: ServableId, servable: object, directory: StoragePath | None, cancelled: threading.Event) -> None:
        """Call the servable's own `warmup()`, then replay its file; blocks.

        Args:
            id: The version.
            servable: What was loaded.
            directory: Where it was loaded from; None for an object of the program.
            cancelled: Set once the version is no longer wanted; looked at between two requests.

        Raises:
            SalverError: A request failed, the file is damaged, or the warm-up was cancelled.
            Exception: What `warmup()` raised.
        """
        started_s = time.monotonic()
        self._warm_up(id, servable, directory, cancelled)
        self._on_warm(id, time.monotonic() - started_s)

    def _warm_up(
        self, id: ServableId, servable: object, directory: StoragePath | None, cancelled: threading.Event
    ) -> None:
        own_warmup = getattr(servable, "warmup", None)
        if callable(own_warmup) and is_servable(servable):
            own_warmup()
        if directory is None:
            return
        path = warmup_file(directory)
        if os.path.isfile(path):
            self._replay_file(id, servable, directory, path, cancelled)
        else:
            _log.info("No warmup data file found at %s", path)

    def _replay_file(
        self, id: ServableId, servable: object, directory: StoragePath, path: str, cancelled: threading.Event
    ) -> None:
        _log.info("Starting to read warmup data for model at %s", directory)
        started_s, status = time.monotonic(), Code.OK.name
        with self._table.unpublished_target(id, servable) as target:
            replay = _Replay(self._plane, target, path, self._options.num_iterations, cancelled)
            try:
                replay.run(self._options.num_threads)
            except Exception as error:
                status = str(as_salver_error(error))
                raise
            finally:
                elapsed_us = int((time.monotonic() - started_s) * _MICROS)
                self._metrics.warmup_latency.record(elapsed_us, model_path=directory, status=status)
                self._metrics.warmup_records_read.add(replay.num_records, model_path=directory, status=status)
        text = "Finished reading warmup data for model at %s. Number of warmup records read: %d. "
        text += "Elapsed time (microseconds): %d."
        _log.info(text, directory, replay.num_records, elapsed_us)


class _Replay:
    """One pass over the records of a file, by one thread or several."""

    def __init__(
        self, plane: DataPlane, target: Target, path: str, num_iterations: int, cancelled: threading.Event
    ) -> None:
        self._plane = plane
        self._target = target
        self._records = read_warmup_data(path)
        self._num_iterations = num_iterations
        self._cancelled = cancelled
        self._lock = threading.Lock()
        """Guards `_records` and what follows."""
        self.num_records = 0
        self._error: Exception | None = None

    def run(self, num_threads: int) -> None:
        """Replay everything; the calling thread is one of the threads."""
        # Daemons: a servable that never returns must not keep the process from ending.
        helpers = [
            threading.Thread(target=self._work, name=f"salver-warmup-{number}", daemon=True)
            for number in range(num_threads - 1)
        ]
        for helper in helpers:
            helper.start()
        self._work()
        for helper in helpers:
            helper.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while (record := self._next_record()) is not None:
                self._replay(*record)
        except Exception as error:  # noqa: BLE001  # `run` raises it, on its own thread
            with self._lock:
                self._error = self._error or error

    def _next_record(self) -> tuple[int, bytes] | None:
        """Return the next record and its index; None at the end, or after a failure elsewhere."""
        with self._lock:
            if self._error is not None:
                return None
            record = self._read()
            self._check_wanted()
            if record is None:
                return None
            self.num_records += 1
            return self.num_records - 1, record

    def _read(self) -> bytes | None:
        try:
            return next(self._records, None)
        except SalverError as error:
            raise _in_data(error) from error

    def _replay(self, index: int, record: bytes) -> None:
        try:
            request = recorded_request(record)
            if request is not None:
                self._repeat(request)
        except SalverError as error:
            self._check_wanted()  # what a server that stops refuses is no fault of the record
            raise _in_data(error, f"record {index}: ") from error
        if index >= MAX_RECORDS:
            raise InvalidArgumentError(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}): record {index}")

    def _repeat(self, request: RecordedRequest) -> None:
        for _ in range(self._num_iterations):
            if self._cancelled.is_set():
                return  # the next record will say so
            self._plane.replay(self._target, request.api, request.message)

    def _check_wanted(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError("Warm-up was given up: the version is no longer wanted")


def _in_data(error: SalverError, where: str = "") -> SalverError:
    return error_from_code(error.code, f"Warm-up failed at {where}{error.message}")
