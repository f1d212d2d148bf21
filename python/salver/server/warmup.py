"""Warm-up: replaying recorded requests on a version that is loaded and does not serve yet.

The first runs of a model are slow: memory is allocated, kernels are chosen, graphs are compiled. Replayed requests take
that upon them, through the same checks, queues and batching as requests of clients. What fails here fails the load.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from salver.records.recorded_request import RecordedRequest, recorded_request
from salver.records.request_form import RequestForm, request_forms
from salver.records.warmup_files import (
    MAX_RECORDS,
    FileRecord,
    WarmupFile,
    files_of_operator,
    files_of_version,
    tfrecord_path,
)
from salver.servables.servable import is_servable
from salver.server.metrics import Metrics
from salver.server.model_metadata import signature_def_map
from salver.server.serving_table import DataPlaneServingTable

_log = logging.getLogger(__name__)

_MICROS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class WarmupOptions:
    """How versions are warmed up."""

    num_iterations: int = 1
    """Times in a row that each record is replayed; >= 1."""
    num_threads: int = 1
    """Records of one version that may be replayed at the same time; >= 1."""
    folder: StoragePath | None = None
    """Where the operator keeps files for all versions of models, by name; None is nowhere."""


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
        """Call the servable's own `warmup()`, then replay its files, then those of the operator; blocks.

        Args:
            id: The version.
            servable: What was loaded.
            directory: Where it was loaded from; None for an object of the program.
            cancelled: Set once the version is no longer wanted; looked at between two requests.

        Raises:
            SalverError: A request failed, a file is damaged or wrong, or the warm-up was cancelled.
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
        files = [] if directory is None else files_of_version(directory)
        if self._options.folder is not None:
            files += files_of_operator(self._options.folder, id.name)
        if files:
            self._replay_files(id, servable, directory or str(self._options.folder), files, cancelled)
        elif directory is not None:
            _log.info("No warmup data file found at %s", tfrecord_path(directory))

    def _replay_files(
        self,
        id: ServableId,
        servable: object,
        directory: StoragePath,
        files: Sequence[WarmupFile],
        cancelled: threading.Event,
    ) -> None:
        _log.info("Starting to read warmup data for model at %s", directory)
        started_s, status = time.monotonic(), Code.OK.name
        with self._table.unpublished_target(id, servable) as target:
            replay = _Replay(self._plane, target, _records(files, servable), self._options.num_iterations, cancelled)
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


def _records(files: Sequence[WarmupFile], servable: object) -> Iterator[FileRecord]:
    """The records of all files, in order, read as they are taken."""

    def forms() -> Mapping[str, RequestForm]:
        return request_forms(signature_def_map(servable))

    for file in files:
        yield from file.records(forms)


class _Replay:
    """One pass over records, by one thread or several."""

    def __init__(
        self,
        plane: DataPlane,
        target: Target,
        records: Iterator[FileRecord],
        num_iterations: int,
        cancelled: threading.Event,
    ) -> None:
        self._plane = plane
        self._target = target
        self._records = records
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
                self._replay(record)
        except Exception as error:  # noqa: BLE001  # `run` raises it, on its own thread
            with self._lock:
                self._error = self._error or error

    def _next_record(self) -> FileRecord | None:
        """Return the next record; None at the end, or after a failure elsewhere."""
        with self._lock:
            if self._error is not None:
                return None
            record = self._read()
            self._check_wanted()
            if record is None:
                return None
            self.num_records += 1
            return record

    def _read(self) -> FileRecord | None:
        try:
            return next(self._records, None)
        except SalverError as error:
            raise _in_data(error) from error

    def _replay(self, record: FileRecord) -> None:
        try:
            request = recorded_request(record.record)
            if request is not None:
                self._repeat(request)
        except SalverError as error:
            self._check_wanted()  # what a server that stops refuses is no fault of the record
            raise _in_data(error, record.where) from error
        if record.index >= MAX_RECORDS:
            where = record.where.removesuffix(": ")
            raise InvalidArgumentError(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}): {where}")

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
