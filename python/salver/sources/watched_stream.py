"""One servable whose base path is polled: what the last poll came to, and what was said about it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from salver.core.storage_path import StoragePath
from salver.errors import InternalError, SalverError
from salver.sources.settling import SettlingOptions, SettlingWatch
from salver.sources.version_scan import FileSystemServable, Note, Scan, scan_versions

# That of the source: whoever reads the log need not know which part of it speaks.
logger = logging.getLogger("salver.sources.file_system")


@dataclass(frozen=True, kw_only=True, slots=True)
class PollStatus:
    """What the latest poll of one servable came to."""

    aspired: tuple[int, ...]
    """Versions aspired now, highest first."""
    unsettled: tuple[int, ...]
    """Versions passed over because they may be incomplete, highest first."""
    error: SalverError | None
    """Why the poll found nothing to aspire; may be shown to clients. None too while a new version has yet to settle."""
    is_undecided: bool
    """Whether the only versions found are too new to be judged; the next look decides."""
    time_s: float
    """When, wall-clock seconds since the epoch."""


class WatchedStream:
    """One servable under one configuration: what is known of its base path, and what was said about it."""

    def __init__(self, servable: FileSystemServable, settling: SettlingOptions | None) -> None:
        """Begin to know nothing."""
        self.servable = servable
        self.settling = settling
        self.scan_lock = threading.Lock()  # guards watch and _known_notes; held while examining files
        self.watch = SettlingWatch(settling)
        self.emitted: Mapping[int, StoragePath] | None = None  # this and status: guarded by the source's lock
        self.status: PollStatus | None = None
        self._known_notes: frozenset[Note] = frozenset()
        self._reported: tuple[SalverError | None] | None = None

    def replaced_by(self, servable: FileSystemServable, settling: SettlingOptions | None) -> WatchedStream:
        """Return the successor; it knows what was emitted, and for the same base path also what had settled."""
        successor = WatchedStream(servable, settling)
        successor.emitted = self.emitted
        if (self.servable.base_path, self.settling) == (servable.base_path, settling):
            successor.scan_lock, successor.watch = self.scan_lock, self.watch
        return successor

    def scan(self, now_s: float) -> Scan:
        """Examine the base path; whatever goes wrong is a finding."""
        try:
            return scan_versions(self.servable, self.watch, now_s)
        except Exception as error:
            logger.exception("Examining the base path of servable %s failed", self.servable.name)
            message = f"The base path of servable {self.servable.name} could not be examined: {type(error).__name__}"
            return Scan(aspired=None, error=InternalError(message))

    def record(self, scan: Scan, now_s: float) -> bool:
        """Keep the status; return whether it should be reported."""
        if self.status is not None and self.status.error is not None and scan.aspired and scan.error is None:
            logger.info("Base path %s of servable %s is in order again", self.servable.base_path, self.servable.name)
        self.status = PollStatus(
            aspired=tuple(self.emitted or ()),
            unsettled=scan.unsettled,
            error=scan.error,
            is_undecided=scan.is_undecided,
            time_s=now_s,
        )
        if scan.is_undecided or self._reported == (scan.error,):
            return False
        self._reported = (scan.error,)
        return True

    def log_new(self, notes: Iterable[Note]) -> None:
        """Log what was not found the last time."""
        notes = frozenset(notes)
        for note in sorted(notes - self._known_notes, key=lambda note: note.text):
            logger.log(note.level, "%s", note.text)
        self._known_notes = notes
