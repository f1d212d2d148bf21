"""Who tried to change what: a line of the log for each attempt, and the latest ones at hand.

An attempt has its line when it is accepted, not when the answer is sent, which may wait for loads for minutes; what is
refused has it with the refusal. Where something goes wrong after it was accepted, a second line says so.

Who is turned away at the door, before anybody looks at what is asked, can come as often as a page in some browser
likes. Those refusals are told a few times a minute, and counted otherwise; they push no attempt out of what is kept.
Each reason, that is each code, has limits of its own, so that pages cannot hide that operators were turned away, too.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import TypeAlias

from salver.admin.change import AuditDocument, AuditEntry, Difference
from salver.admin.times import rfc3339
from salver.errors import Code, SalverError
from salver.server.admin.bounded_rate import BoundedRate

logger = logging.getLogger("salver.audit")

_MAX_ENTRIES = 1000
_MAX_REFUSALS = 100
"""Of those turned away at the door for one reason, that are kept beside the entries."""
_MAX_REFUSALS_PER_MINUTE = 10
_MAX_TEXT = 300
"""Characters that are kept of what a caller says."""
_MAX_DIFFERENCES = 50
"""Differences that are kept of one change; a list of models that is set whole may have thousands."""

_Numbered: TypeAlias = "deque[tuple[int, AuditEntry]]"
"""Entries with their places among all that were told."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for what."""

    request: str
    """Such as `DELETE /v1/models/ranker`."""
    actor: str | None = None
    """Who, by the caller's own word."""
    address: str | None = None
    """Where the caller is, where that is known."""


def _nothing(attempt: Attempt) -> None:
    del attempt


@dataclass(slots=True)
class Attempt:
    """What comes of a request that may change something; its handler fills it in."""

    is_dry_run: bool = False
    diff: tuple[Difference, ...] = ()
    is_accepted: bool = field(default=False, init=False)
    _on_accepted: Callable[[Attempt], None] = _nothing

    def accept(self) -> None:
        """Have its line written now: what is asked for is done or begun, and the answer may yet take long."""
        if not self.is_accepted:
            self.is_accepted = True
            self._on_accepted(self)


@dataclass(slots=True)
class _Refusals:
    """Those turned away at the door for one reason."""

    rate: BoundedRate
    kept: _Numbered = field(default_factory=lambda: deque(maxlen=_MAX_REFUSALS))
    num_untold: int = 0


class AuditLog:
    """The attempts of this run of the server; only the latest are kept. Thread-safe."""

    def __init__(
        self,
        *,
        max_entries: int = _MAX_ENTRIES,
        clock: Callable[[], float] = time.time,
        max_refusals_per_minute: int = _MAX_REFUSALS_PER_MINUTE,
    ) -> None:
        """Begin with none.

        Args:
            max_entries: How many attempts are kept.
            clock: Gives seconds since the epoch.
            max_refusals_per_minute: How many refusals at the door are told, for each reason.
        """
        self._max_refusals_per_minute = max_refusals_per_minute
        self._clock = clock
        self._lock = threading.Lock()
        """Guards all below, and keeps the log in their order."""
        self._entries: _Numbered = deque(maxlen=max_entries)
        self._refusals: dict[Code, _Refusals] = {}
        self._num_told = 0

    def document(self) -> AuditDocument:
        """Return what is kept, latest first."""
        with self._lock:
            places = (self._entries, *(refusals.kept for refusals in self._refusals.values()))
            found = sorted(chain.from_iterable(places), key=lambda one: -one[0])
            num_untold = sum(refusals.num_untold for refusals in self._refusals.values())
            return AuditDocument(audit=tuple(entry for _, entry in found), num_refusals_left_out=num_untold)

    @contextmanager
    def attempt(self, asker: Asker) -> Iterator[Attempt]:
        """Note what becomes of the block: an attempt that ends with an error was refused."""
        at = rfc3339(self._clock())  # now: what was asked for may be waited for, long after it was done

        def note(attempt: Attempt, outcome: Code) -> None:
            self._add(_entry(at, asker, outcome, attempt), len(attempt.diff))

        attempt, outcome = Attempt(_on_accepted=lambda accepted: note(accepted, Code.OK)), Code.INTERNAL
        try:
            yield attempt
            outcome = Code.OK
        except SalverError as error:
            outcome = error.code
            raise
        finally:
            if not attempt.is_accepted or outcome is not Code.OK:
                note(attempt, outcome)

    def refuse(self, asker: Asker, error: SalverError) -> None:
        """Note that somebody was turned away at the door; beyond so many a minute of one code they are only counted."""
        with self._lock:
            refusals = self._refusals_with(error.code)
            num_before = refusals.rate.take()
            if num_before is None:
                refusals.num_untold += 1
                return
            entry = _entry(rfc3339(self._clock()), asker, error.code, Attempt())
            told = f"; {num_before} more before it" if num_before else ""
            # The message repeats what a stranger sent.
            why = _cut(error.message).encode("ascii", "backslashreplace").decode()
            self._keep(refusals.kept, entry, f"{_line(entry, 0)}: {why}{told}")

    def _refusals_with(self, code: Code) -> _Refusals:
        if code not in self._refusals:
            self._refusals[code] = _Refusals(BoundedRate(self._max_refusals_per_minute, 60.0, self._clock))
        return self._refusals[code]

    def _add(self, entry: AuditEntry, num_differences: int) -> None:
        with self._lock:
            self._keep(self._entries, entry, _line(entry, num_differences))

    def _keep(self, place: _Numbered, entry: AuditEntry, line: str) -> None:
        self._num_told += 1
        place.append((self._num_told, entry))
        logger.info("%s", line, extra={"audit": asdict(replace(entry, diff=()))})


def _entry(at: str, asker: Asker, outcome: Code, attempt: Attempt) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor=asker.actor and _cut(asker.actor),
        address=asker.address,
        request=_cut(asker.request),
        outcome=outcome.name,
        is_dry_run=attempt.is_dry_run,
        diff=attempt.diff[:_MAX_DIFFERENCES],
    )


def _line(entry: AuditEntry, num_differences: int) -> str:
    who = json.dumps(entry.actor) if entry.actor else "somebody"
    where = f" from {entry.address}" if entry.address else ""
    dry = ", dry run" if entry.is_dry_run else ""
    paths = ", ".join(f"{one.op} {one.path}" for one in entry.diff)
    more = num_differences - len(entry.diff)
    told = f": {paths}{f' and {more} more' if more else ''}" if paths else ""
    return f"{entry.request} by {who}{where}: {entry.outcome}{dry}{told}"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
