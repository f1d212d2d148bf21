"""Who tried to change what: a line of the log for each attempt, and the latest ones at hand."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from salver.admin.change import AuditEntry, Difference
from salver.errors import Code, SalverError
from salver.server.admin.times import rfc3339

logger = logging.getLogger("salver.audit")

_MAX_ENTRIES = 1000
_MAX_TEXT = 300
"""Characters that are kept of what a caller says."""
_MAX_DIFFERENCES = 50
"""Differences that are kept of one change; a list of models that is set whole may have thousands."""


@dataclass(slots=True)
class Attempt:
    """What comes of a request that may change something; its handler fills it in."""

    is_dry_run: bool = False
    diff: tuple[Difference, ...] = ()


class AuditLog:
    """The attempts of this run of the server; only the latest are kept. Thread-safe."""

    def __init__(self, *, max_entries: int = _MAX_ENTRIES, clock: Callable[[], float] = time.time) -> None:
        """Begin with none; `clock` gives seconds since the epoch."""
        self._entries: deque[AuditEntry] = deque(maxlen=max_entries)
        self._lock = threading.Lock()  # guards _entries, and keeps the log in their order
        self._clock = clock

    def entries(self) -> tuple[AuditEntry, ...]:
        """Return what is kept, latest first."""
        with self._lock:
            return tuple(reversed(self._entries))

    @contextmanager
    def attempt(self, request: str, actor: str | None, address: str | None = None) -> Iterator[Attempt]:
        """Note what becomes of the block: an attempt that ends with an error was refused."""
        attempt, outcome = Attempt(), Code.INTERNAL.name
        at = rfc3339(self._clock())  # now: what was asked for may be waited for, long after it was done
        try:
            yield attempt
            outcome = Code.OK.name
        except SalverError as error:
            outcome = error.code.name
            raise
        finally:
            entry = AuditEntry(
                at=at,
                actor=actor and _cut(actor),
                address=address,
                request=_cut(request),
                outcome=outcome,
                is_dry_run=attempt.is_dry_run,
                diff=attempt.diff[:_MAX_DIFFERENCES],
            )
            self._add(entry, len(attempt.diff))

    def _add(self, entry: AuditEntry, num_differences: int) -> None:
        with self._lock:
            self._entries.append(entry)
            logger.info("%s", _line(entry, num_differences), extra={"audit": asdict(replace(entry, diff=()))})


def _line(entry: AuditEntry, num_differences: int) -> str:
    who = json.dumps(entry.actor) if entry.actor else "somebody"
    dry = ", dry run" if entry.is_dry_run else ""
    paths = ", ".join(f"{one.op} {one.path}" for one in entry.diff)
    more = num_differences - len(entry.diff)
    told = f": {paths}{f' and {more} more' if more else ''}" if paths else ""
    return f"{entry.request} by {who}: {entry.outcome}{dry}{told}"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
