"""What the batcher needs of the scheduler, as types without code behind them; the extension has the code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

Refused: TypeAlias = tuple[Any, str, float | None]
"""A call, the name of why it does not run, and seconds after which to try again."""


class QueuedCall(Protocol):
    """Lets go of a call that waits."""

    def abandon(self) -> None:
        """Have the call passed over."""


class BatchTurn(Protocol):
    """Calls that run together, and calls that do not run."""

    @property
    def calls(self) -> Sequence[Any]:
        """What to run; may be empty."""

    @property
    def refused(self) -> Sequence[Refused]:
        """What to answer without running it."""

    @property
    def padded_rows(self) -> int:
        """Rows that the batch is to be filled up to; at least as many as it has."""

    def ran(self) -> None:
        """Tell that the batch has run and is answered; the scheduler learns from the time."""

    def end(self) -> None:
        """Let another turn run in its place; without `ran` before it, the run counts as failed.

        To be called: the traceback of an exception may keep the turn itself for as long as anybody keeps the exception.
        """


class BatchQueue(Protocol):
    """Calls of one kind, and the batches that they leave in."""

    @property
    def is_stopped(self) -> bool:
        """Whether there will be no more turns."""

    @property
    def num_queued_rows(self) -> int:
        """Rows that wait."""

    def submit(
        self,
        payload: object,
        num_rows: int,
        num_bytes: int,
        group: int,
        timeout_s: float | None,
        criticality: int,
        /,
    ) -> tuple[QueuedCall, Sequence[Refused]]:
        """Queue one call, to run with others of its group; what does not run for it may be other calls."""

    def next(self, timeout_s: float, /) -> BatchTurn | None:
        """Wait, without the GIL, for a turn; None after the time or when stopped."""

    def finish(self) -> None:
        """Take no more calls, and stop when the last one has left."""

    def stop(self) -> Sequence[Any]:
        """Stop now; returns the calls that still waited."""

    def counts(self) -> tuple[Sequence[tuple[str, int]], Sequence[tuple[str, int]], Sequence[int]]:
        """Batches by why they left, calls by why they did not run; calls, rows and filling rows that left."""

    def histograms(self) -> Sequence[tuple[Sequence[float], Sequence[int], int]]:
        """Limits, counts and sum: rows of batches, microseconds of waits, microseconds of runs."""
