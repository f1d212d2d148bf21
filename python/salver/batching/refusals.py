"""What callers are told of calls that do not run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from salver.batching.calls import Call
from salver.batching.queue import Refused
from salver.errors import (
    CancelledError,
    DeadlineExceededError,
    InvalidArgumentError,
    ResourceExhaustedError,
    SalverError,
    UnavailableError,
)

_TEXTS: dict[str, tuple[type[SalverError], str]] = {
    "abandoned": (CancelledError, "the call to {} was given up"),
    "expired": (DeadlineExceededError, "the deadline passed before {} could run the call"),
    "late": (UnavailableError, "by what is known of its runs, {} would miss the deadline of the call"),
    "too_large": (InvalidArgumentError, "the item is larger than a batch of {} may be"),
    "queue_full": (ResourceExhaustedError, "the queue of {} is full"),
    "displaced": (UnavailableError, "the queue of {} is full, and the call gave way to one that matters more"),
    "stopped": (UnavailableError, "{} is closed"),
}


def refusal_error(name: str, reason: str, retry_after_s: float | None = None) -> SalverError:
    """Return the error for a call that the batcher `name` does not run."""
    kind, text = _TEXTS[reason]
    error = kind(text.format(f"batcher {name}"))
    error.retry_after_s = retry_after_s
    return error


def refusal_answers(name: str, refused: Iterable[Refused]) -> Iterator[tuple[Call, SalverError]]:
    """Return each call that the queue of batcher `name` refused, with its error."""
    for call, reason, retry_after_s in refused:
        yield call, refusal_error(name, reason, retry_after_s)
