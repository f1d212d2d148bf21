"""One caller's call on its way: where its answer goes, and how it is given up.

An outcome is a result, or an exception that is its caller's error.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections.abc import Iterable
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from salver.batching.queue import QueuedCall
from salver.errors import unknown_error

logger = logging.getLogger(__name__)

R = TypeVar("R")

Criticality: TypeAlias = Literal["critical_plus", "critical", "sheddable_plus", "sheddable"]
"""How much a call matters when not all can run, most first."""


class Call(Protocol):
    """What the queue holds for one caller."""

    item: Any
    queued: QueuedCall | None
    """Lets the queue know that it was given up; None until it is queued."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop in which it is to be answered; None: in any thread."""

    def begin(self) -> bool:
        """Return whether anybody waits for it, as it is about to run."""

    def answer(self, outcome: object) -> None:
        """Give the caller its outcome, unless it has gone or has one."""


class BatchFuture(concurrent.futures.Future[R]):
    """A future that leaves the queue when it is cancelled."""

    queued: QueuedCall | None = None

    def cancel(self) -> bool:
        """Cancel the call, unless it runs already."""
        is_cancelled = super().cancel()
        if is_cancelled and self.queued is not None:
            self.queued.abandon()
        return is_cancelled


class FutureCall(Generic[R]):
    """A call that is answered through a `concurrent.futures.Future`."""

    __slots__ = ("_is_begun", "future", "item")

    loop = None

    def __init__(self, item: Any) -> None:
        self.item = item
        self.future: BatchFuture[R] = BatchFuture()
        self._is_begun = False

    @property
    def queued(self) -> QueuedCall | None:
        """See `Call.queued`."""
        return self.future.queued

    @queued.setter
    def queued(self, queued: QueuedCall | None) -> None:
        self.future.queued = queued

    def begin(self) -> bool:
        """See `Call.begin`."""
        self._is_begun = self.future.set_running_or_notify_cancel()
        return self._is_begun

    def answer(self, outcome: object) -> None:
        """See `Call.answer`."""
        if self.future.done() or not (self._is_begun or self.begin()):
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)  # type: ignore[arg-type]  # what `run` returned


class LoopCall(Generic[R]):
    """A call that a task of an event loop awaits."""

    __slots__ = ("future", "item", "loop", "queued")

    def __init__(self, item: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.item = item
        self.loop = loop
        self.future: asyncio.Future[R] = loop.create_future()
        self.queued: QueuedCall | None = None

    def begin(self) -> bool:
        """See `Call.begin`."""
        return not self.future.done()

    def answer(self, outcome: object) -> None:
        """See `Call.answer`; in the loop's own thread."""
        if self.future.done():
            return
        if isinstance(outcome, BaseException):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)  # type: ignore[arg-type]  # what `run` returned

    def give_up(self) -> None:
        """Leave the queue, if it still waits there."""
        if self.queued is not None:
            self.queued.abandon()


def deliver(answers: Iterable[tuple[Call, object]]) -> None:
    """Give each call its outcome; every event loop is woken once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Call, object]]] = {}
    for call, outcome in answers:
        known = fit_error(outcome) if isinstance(outcome, BaseException) else outcome
        if call.loop is None:
            call.answer(known)
        else:
            by_loop.setdefault(call.loop, []).append((call, known))
    for loop, group in by_loop.items():
        try:
            loop.call_soon_threadsafe(_answer_all, group)
        except RuntimeError:  # the loop is closed, and its tasks with it
            logger.debug("%d answers came after their event loop was closed", len(group))


def _answer_all(answers: Iterable[tuple[Call, object]]) -> None:
    for call, outcome in answers:
        call.answer(outcome)


def fit_error(error: BaseException) -> BaseException:
    """Return what a caller can be given for `error`.

    Some exceptions would do more than fail the call: a cancellation would look like the caller's own, an exit would end
    its event loop, and a future takes no StopIteration.
    """
    is_signal = isinstance(error, (StopIteration, concurrent.futures.CancelledError))
    if isinstance(error, Exception) and not is_signal:
        return error
    known = unknown_error(error)
    known.__cause__ = error
    return known
