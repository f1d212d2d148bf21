"""TFRecord files that are written while others read what is finished.

A file is written under its name with `.partial` behind it and renamed when it is full, old, or the server stops: what
has its final name is whole. After a crash the `.partial` file is left, good up to its last whole record.
"""

from __future__ import annotations

import io
import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

SUFFIX = ".tfrecord"
PARTIAL = ".partial"


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """When a file is finished and the next one is begun."""

    max_bytes: int = 64 << 20
    """A file that has reached this size."""
    max_age_s: float = 3600.0
    """A file this long after its first record."""


class _OpenFile:
    """One file while it is written."""

    def __init__(self, name: str, opened_s: float) -> None:
        self._name = name
        self.opened_s = opened_s
        self.num_bytes = 0
        # Without a buffer: a record that was not refused is in the file.
        self._file = io.FileIO(name + PARTIAL, "x")

    def write(self, data: bytes) -> None:
        """Append; what could not be written whole is taken back."""
        try:
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(self.num_bytes)
            self._file.seek(self.num_bytes)
            raise
        self.num_bytes += len(data)

    def finish(self) -> None:
        """Give the file its final name."""
        self._file.close()
        os.rename(self._name + PARTIAL, self._name)


class RecordFiles:
    """The files `PREFIX-YYYYMMDD-HHMMSS-PID-SEQ.tfrecord` (UTC), one after the other. For one thread."""

    def __init__(
        self,
        prefix: str,
        limits: FileLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet: without a record there is no file.

        Args:
            prefix: Path of the files up to the first hyphen; missing directories are made.
            limits: How long a file is written.
            clock: Seconds, for the age of a file.
            now: Seconds since the epoch, for its name.
        """
        from salver.wire.tfrecord import record_bytes  # not on the start path

        self._encode = record_bytes
        self._prefix = prefix
        self._limits = limits
        self._clock = clock
        self._now = now
        self._numbers = itertools.count()
        self._file: _OpenFile | None = None

    def write(self, record: bytes) -> None:
        """Append a record.

        Raises:
            OSError: It is not in the file; the next one may fare better.
        """
        if self._file is None:
            self._file = self._open()
        self._file.write(self._encode(record))
        if self._file.num_bytes >= self._limits.max_bytes:
            self.finish()

    def finish_if_old(self) -> None:
        """Finish a file that has been written long enough; to be called now and then."""
        if self._file is not None and self._clock() - self._file.opened_s >= self._limits.max_age_s:
            self.finish()

    def finish(self) -> None:
        """Give the present file, if there is one, its final name; the next record begins another."""
        file, self._file = self._file, None
        if file is not None:
            file.finish()

    def _open(self) -> _OpenFile:
        os.makedirs(os.path.dirname(self._prefix) or ".", exist_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._now()))
        for number in self._numbers:
            name = f"{self._prefix}-{stamp}-{os.getpid()}-{number}{SUFFIX}"
            # In containers a process id is no proof of being alone; a name that was given is not given again.
            if not os.path.exists(name):
                try:
                    return _OpenFile(name, self._clock())
                except FileExistsError:
                    continue
        raise AssertionError("the numbers do not end")
