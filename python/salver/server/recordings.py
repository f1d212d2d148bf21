"""Recordings: some requests of a model that serves, as they come, in memory and bounded in every direction."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from salver.admin.recording import RecordRequest
from salver.errors import ResourceExhaustedError
from salver.server.shared_request_log import SharedRequestLog

MAX_RECORDINGS = 4
"""At the same time, those that are still being sent included: each holds memory and a thread."""
MAX_TOTAL_BYTES = 512 << 20
"""What all recordings may take together.

While it is made each counts twice, for its requests and the file that is made of them; then that file counts.
"""
_LOOK_S = 0.2
"""How soon it is noticed that nobody waits any more."""


class End(Enum):
    """Why a recording ended."""

    RECORDS = "records"
    """It has as many as were wanted."""
    BYTES = "bytes"
    """The next record would have been too much."""
    TIME = "time"
    """Its time was over."""
    STOP = "stop"
    """Nobody waits any more, or the server stops."""


class Recording:
    """Collects requests of one model. Thread-safe."""

    def __init__(self, model: str, wanted: RecordRequest) -> None:
        from salver.wire.tfrecord import record_bytes  # not on the start path

        self.model = model
        """See `Listener.model`."""
        self.sampling_rate = wanted.sampling_rate
        """See `Listener.sampling_rate`."""
        self._encode = record_bytes
        self._wanted = wanted
        self._lock = threading.Lock()
        """Guards all below but the event."""
        self._full = threading.Event()
        self._end: End | None = None
        self._pieces: list[bytes] = []
        self._num_records = 0
        self._content = b""
        self._num_bytes = 0
        self._num_dropped = 0

    @property
    def num_records(self) -> int:
        """How many it has."""
        return self._num_records

    @property
    def num_dropped(self) -> int:
        """Requests that were missed because they came faster than they could be taken."""
        return self._num_dropped

    @property
    def end(self) -> End:
        """Why it ended; STOP while it has not."""
        return self._end or End.STOP

    def content(self) -> bytes:
        """Return what was recorded as a TFRecord file."""
        return self._content

    def offer(self, record: bytes) -> None:
        """See `Listener.offer`; takes nothing once it is full."""
        piece = self._encode(record)
        with self._lock:
            if self._end is not None:
                return
            if self._num_bytes + len(piece) > self._wanted.max_bytes:
                self._finish(End.BYTES)
                return
            self._pieces.append(piece)
            self._num_bytes += len(piece)
            self._num_records += 1
            if self._num_records >= self._wanted.max_records:
                self._finish(End.RECORDS)

    def note_dropped(self, num_dropped: int) -> None:
        """See `Listener.note_dropped`."""
        with self._lock:
            self._num_dropped += num_dropped

    def wait(self, is_wanted: Callable[[], bool], clock: Callable[[], float]) -> None:
        """Wait until it is full, its time is over or it is no longer wanted, and make its content; once."""
        end = self._wait(is_wanted, clock)
        with self._lock:
            if self._end is None:
                self._finish(end)
            self._content = b"".join(self._pieces)
            self._pieces = []

    def _wait(self, is_wanted: Callable[[], bool], clock: Callable[[], float]) -> End:
        deadline = clock() + self._wanted.timeout_s
        while is_wanted():
            left_s = deadline - clock()
            if left_s <= 0:
                return End.TIME
            if self._full.wait(min(left_s, _LOOK_S)):
                break
        return End.STOP

    def _finish(self, end: End) -> None:
        self._end = end
        self._full.set()


class Recordings:
    """Makes recordings, a few at a time. Thread-safe."""

    def __init__(
        self,
        log: SharedRequestLog,
        *,
        start_pulling: Callable[[], None],
        is_stopping: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the recordings of a server.

        Args:
            log: Where requests come from.
            start_pulling: Has somebody pull entries from it, if nobody does yet.
            is_stopping: Whether the server stops, which ends every recording.
            clock: Seconds.
        """
        self._log = log
        self._start_pulling = start_pulling
        self._is_stopping = is_stopping
        self._clock = clock
        self._lock = threading.Lock()
        """Guards `_taken`."""
        self._taken: dict[Recording, int] = {}
        """Bytes that each of the recordings takes, or may take as long as it is being made."""

    def record(
        self,
        model: str,
        wanted: RecordRequest,
        is_wanted: Callable[[], bool],
        on_begun: Callable[[], None] = lambda: None,
    ) -> Recording:
        """Record requests of a model; blocks until that is over.

        What is returned counts until it is given to `release`.

        Args:
            model: Its name.
            wanted: How much.
            is_wanted: Whether somebody still waits for it; looked at several times a second.
            on_begun: Called once it takes requests.

        Raises:
            ResourceExhaustedError: There are too many recordings already, or those may take too much memory.
        """
        recording = Recording(model, wanted)
        self._reserve(recording, wanted.max_bytes)
        try:
            self._make(recording, is_wanted, on_begun)
        except BaseException:
            self.release(recording)
            raise
        with self._lock:
            self._taken[recording] = len(recording.content())
        return recording

    def release(self, recording: Recording) -> None:
        """Let others have the memory of a recording that nobody needs any more; does nothing the second time."""
        with self._lock:
            self._taken.pop(recording, None)

    def _make(self, recording: Recording, is_wanted: Callable[[], bool], on_begun: Callable[[], None]) -> None:
        self._start_pulling()
        self._log.add(recording)
        try:
            on_begun()
            recording.wait(lambda: is_wanted() and not self._is_stopping(), self._clock)
        finally:
            self._log.remove(recording)

    def _reserve(self, recording: Recording, max_bytes: int) -> None:
        with self._lock:
            if len(self._taken) == MAX_RECORDINGS:
                text = f"{MAX_RECORDINGS} recordings are being made or sent already; wait for one of them"
                raise ResourceExhaustedError(text)
            left = (MAX_TOTAL_BYTES - sum(self._taken.values())) // 2
            if max_bytes > left:
                raise ResourceExhaustedError(
                    f"max_bytes may be {left} while other recordings are being made or sent, got {max_bytes}; "
                    "ask for less, or wait for one of them"
                )
            self._taken[recording] = 2 * max_bytes
