"""Running batches of Python servables.

An exception fails its batch, never the thread. Where the batch has several members, each is then run alone, so that a
bad request fails by itself. Whatever a servable returns is checked here, so that a mistake in it is told to its author
in words.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from salver.boundary import Batch
from salver.errors import (
    CancelledError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    ResourceExhaustedError,
    SalverError,
    UnavailableError,
    unknown_error,
)
from salver.servables.servable import Servable, Stream
from salver.servables.time_limit import time_limit
from salver.server.log_pause import LOG_PAUSE_S, LogPause
from salver.tracing import TraceContext, running

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray[Any, Any]]

logger = logging.getLogger(__name__)

T = TypeVar("T")

NameOf: TypeAlias = Callable[[object], str]
"""Says for the log which servable an object is."""

OF_THE_WHOLE_BATCH = (CancelledError, DeadlineExceededError, UnavailableError)
"""Failures that are the same for all members of a batch; to run them again would make it worse."""

SubmitCall: TypeAlias = Callable[[Callable[[], None]], bool]
"""Has a call run, now or soon; False where it will not be."""


def _run_here(call: Callable[[], None]) -> bool:
    call()
    return True


class BatchRunner:
    """Runs batches; one object serves all runner threads."""

    def __init__(
        self,
        *,
        name_of: NameOf = lambda servable: type(servable).__name__,
        submit_stream: SubmitCall = _run_here,
        is_traced: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a runner.

        Args:
            name_of: Names the servable of a batch that failed.
            submit_stream: Runs an answer in parts elsewhere, as it takes as long as its client; says False when it has
                no room.
            is_traced: Whether servables are to see the traces that they run in.
            clock: Seconds, for the pauses between log lines.
        """
        self._name_of = name_of
        self._submit_stream = submit_stream
        self._is_traced = is_traced
        self._pause = LogPause(clock)

    def handle(self, batch: Batch, /) -> None:
        """Run the batch and answer it, whatever happens."""
        if batch.is_cancelled:
            return  # dropped: nobody waits for the answer
        stream = _stream_of(batch)
        if stream is None:
            self._answer(batch, _run_whole)
        elif not self._submit_stream(lambda: self._answer(batch, partial(_run_in_parts, stream))):
            full = ResourceExhaustedError("Too many answers are being streamed already")
            batch.fail(full.code, full.message)

    def _answer(self, batch: Batch, run: Callable[[Batch], None]) -> None:
        error = self._traced_failure_of(batch, run) if self._is_traced else _failure_of(batch, run)
        if error is None:
            return
        if batch.num_members == 1 or isinstance(error, OF_THE_WHOLE_BATCH):
            self._fail(batch, error)
            return
        self._log_split(batch, error)
        del error  # its traceback keeps the joined inputs
        for member in batch.split_members():
            self.handle(member)

    def _traced_failure_of(self, batch: Batch, run: Callable[[Batch], None]) -> Exception | None:
        traces = [TraceContext(run_span, state) for _, _, run_span, state in batch.traces]
        with running(traces):
            return _failure_of(batch, run)

    def _fail(self, batch: Batch, error: Exception) -> None:
        if isinstance(error, SalverError):
            batch.fail(error.code, error.message)
            return
        name = self._name_of(batch.servable)
        self._log_failure(name, batch, error)
        known = _known(error)
        batch.fail(known.code, f"Servable {name} failed in signature {batch.signature}: {known.message}")

    def _log_split(self, batch: Batch, error: Exception) -> None:
        name = self._name_of(batch.servable)
        if self._pause.is_due((name, batch.signature, "split")):
            text = "Servable %s failed in signature %s with %d requests at once, which now run one by one: %s"
            logger.warning(text, name, batch.signature, batch.num_members, _known(error))

    def _log_failure(self, name: str, batch: Batch, error: Exception) -> None:
        if self._pause.is_due((name, batch.signature, type(error))):
            text = "Servable %s failed in signature %s (the like is not logged again for %d s)"
            logger.error(text, name, batch.signature, LOG_PAUSE_S, exc_info=error)


def _failure_of(batch: Batch, run: Callable[[Batch], None]) -> Exception | None:
    try:
        with time_limit(batch.timeout_s):
            run(batch)
    except Exception as error:  # noqa: BLE001  # a user's object may raise anything; its clients are told
        return error
    return None


def _known(error: Exception) -> SalverError:
    return error if isinstance(error, SalverError) else unknown_error(error)


def _stream_of(batch: Batch) -> Stream | None:
    """How to answer in parts, if that is wanted and can be done."""
    return getattr(batch.servable, "stream", None) if batch.is_streamed else None


def _run_whole(batch: Batch) -> None:
    servable: Servable = batch.servable  # type: ignore[assignment]  # what the target was made with
    answer = servable.run(batch.signature, batch.inputs())
    # Where requests may have been joined, outputs need a row for each input row.
    num_rows = batch.num_rows if batch.may_join else None
    _sent(batch.complete, checked_outputs(answer, batch.output_names, num_rows))


def _run_in_parts(stream: Stream, batch: Batch) -> None:
    for part in stream(batch.signature, batch.inputs()):
        if not _sent(batch.send_part, checked_outputs(part, batch.output_names, None)):
            return  # nobody reads on
    batch.end_parts()


def _sent(send: Callable[[Arrays], T], outputs: Arrays) -> T:
    try:
        return send(outputs)
    except Exception as error:
        # The extension names the array and what is wrong with it.
        raise InternalError(f"the outputs of the servable cannot be sent: {_reason(error)}") from error


def checked_outputs(outputs: object, names: Sequence[str], num_rows: int | None) -> Arrays:
    """Return the wanted outputs as arrays.

    Args:
        outputs: What the servable returned.
        names: The outputs wanted.
        num_rows: Rows that every output must have; None where any shape will do.

    Raises:
        InternalError: Not a mapping, or an output is missing.
        FailedPreconditionError: An output has another number of rows.
    """
    import numpy as np

    if not isinstance(outputs, Mapping):
        raise InternalError(f"the servable returned a {type(outputs).__name__}, expected a mapping of names to arrays")
    missing = sorted(set(names) - outputs.keys())
    if missing:
        returned = ", ".join(sorted(map(str, outputs))) or "nothing"
        raise InternalError(f"the servable returned no output {', '.join(missing)}; it returned {returned}")
    arrays = {name: np.asarray(outputs[name]) for name in names}
    for name, array in arrays.items():
        if num_rows is not None and array.shape[:1] != (num_rows,):
            raise FailedPreconditionError(
                f"output {name} of the servable has shape {list(array.shape)}, "
                f"expected {num_rows} in the first dimension, as the inputs have"
            )
    return arrays


def _reason(error: Exception) -> str:
    return str(error.args[-1]) if error.args else type(error).__name__
