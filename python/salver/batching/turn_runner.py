"""Runs the batches that leave a queue, and answers their calls.

Every call of a turn is answered, whatever happens. A batch that fails is run again in halves, so that one bad item
fails alone, unless the error says that no other try would fare better.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Sequence
from inspect import isawaitable
from typing import Any

from salver.batching.calls import Call, deliver
from salver.batching.items import BatchForm
from salver.batching.queue import BatchTurn
from salver.batching.refusals import refusal_answers
from salver.errors import Code, InternalError, SalverError

logger = logging.getLogger(__name__)

_OF_THE_WORLD = (ConnectionError, TimeoutError, MemoryError)
_CODES_OF_THE_WORLD = {Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED, Code.CANCELLED}


class TurnRunner:
    """Runs turns; one object serves all threads."""

    def __init__(
        self,
        form: BatchForm[Any],
        wait_for: Callable[[Any], Any],
        *,
        name: str,
        isolate_errors: bool,
    ) -> None:
        """Make a runner.

        Args:
            form: What is run, and how.
            wait_for: Waits for an awaitable that was returned.
            name: Whose calls they are, for error messages.
            isolate_errors: Whether a batch that failed is run again in parts.
        """
        self._form = form
        self._wait_for = wait_for
        self._name = name
        self._isolate_errors = isolate_errors

    def handle(self, turn: BatchTurn) -> None:
        """Run a turn and answer its calls; does not raise."""
        try:
            deliver(refusal_answers(self._name, turn.refused))
            calls = [call for call in turn.calls if call.begin()]
            if calls and self._settle(calls, turn.padded_rows):
                turn.ran()
        except BaseException as error:  # the thread has more calls to answer than these
            logger.exception("Batcher %s failed beside its run", self._name)
            deliver((call, _own(error)) for call in turn.calls)
        finally:
            turn.end()

    def _settle(self, calls: Sequence[Call], padded_rows: int) -> bool:
        """Answer the calls; returns whether one run was enough, whose time is worth learning."""
        items = [call.item for call in calls]
        answer, error = self._attempt(items, padded_rows)
        if error is None:
            deliver(zip(calls, self._cut(answer, items, padded_rows), strict=True))
        elif len(calls) > 1 and self._isolate_errors and _is_of_one_item(error):
            middle = len(calls) // 2
            self._settle(calls[:middle], padded_rows)
            self._settle(calls[middle:], padded_rows)
        else:
            deliver((call, _own(error)) for call in calls)
        return error is None

    def _attempt(self, items: list[Any], padded_rows: int) -> tuple[Any, BaseException | None]:
        try:
            answer = self._form.run(self._form.join(items, padded_rows))
            return (self._wait_for(answer) if isawaitable(answer) else answer), None
        except BaseException as error:  # noqa: BLE001  # `run` is anybody's; the callers are told
            return None, error

    def _cut(self, answer: Any, items: list[Any], padded_rows: int) -> Sequence[object]:
        try:
            return self._form.cut(answer, items, padded_rows)
        except Exception as error:  # noqa: BLE001  # an answer may be anything
            reason = error.message if isinstance(error, SalverError) else f"run returned what cannot be cut: {error}"
            return [InternalError(f"batcher {self._name}: {reason}") for _ in items]


def _is_of_one_item(error: BaseException) -> bool:
    """Whether the error may be one item's fault, rather than the state of the world."""
    if isinstance(error, SalverError):
        return error.code not in _CODES_OF_THE_WORLD
    return isinstance(error, Exception) and not isinstance(error, _OF_THE_WORLD)


def _own(error: BaseException) -> BaseException:
    """Return a copy for one caller: raising one exception in several threads would mix up their tracebacks."""
    try:
        own = copy.copy(error)
    except Exception:  # noqa: BLE001  # not every exception can be copied
        return error
    if type(own) is not type(error):
        return error
    own.__cause__, own.__context__ = error.__cause__, error.__context__
    own.__suppress_context__ = error.__suppress_context__
    return own.with_traceback(error.__traceback__)
