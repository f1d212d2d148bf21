"""The rules of a BatchingParameters message: which mode it asks for, what is wrong with it, what it says in vain."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from salver.boundary import BatchingPolicy, LowPriority

if TYPE_CHECKING:
    from salver.wire import Message

_SETTINGS = get_type_hints(BatchingPolicy)
PADDING_POLICIES: tuple[str, ...] = get_args(_SETTINGS["batch_padding_policy"])
MIXED_PRIORITY_POLICIES: tuple[str, ...] = get_args(get_type_hints(LowPriority)["mixed_priority_batching_policy"])

STATIC_ONLY = (
    "batch_timeout_micros",
    "max_enqueued_batches",
    "enable_large_batch_splitting",
    "max_execution_batch_size",
    "batch_padding_policy",
    "low_priority_max_batch_size",
    "low_priority_batch_timeout_micros",
    "low_priority_max_enqueued_batches",
    "low_priority_allowed_batch_sizes",
    "mixed_priority_batching_policy",
)
"""Fields that mean nothing to the adaptive mode."""
_AT_LEAST = {
    "max_batch_size": 1,
    "batch_timeout_micros": 0,
    "max_enqueued_batches": 0,
    "num_batch_threads": 1,
    "max_execution_batch_size": 1,
    "max_in_flight_batches": 1,
    "max_queued_rows": 1,
    "max_queued_bytes": 1,
    "low_priority_max_batch_size": 0,
    "low_priority_batch_timeout_micros": 0,
    "low_priority_max_enqueued_batches": 1,
}
_WEIGHTS = (0.001, 1000.0)
"""Far beyond what shares of time can mean, and not yet where the sums of time lose their digits."""
_CHOICES = {"batch_padding_policy": PADDING_POLICIES, "mixed_priority_batching_policy": MIXED_PRIORITY_POLICIES}
_NEVER_WITH_A_GOAL = ("batch_timeout_micros", "max_enqueued_batches")
"""What the adaptive mode finds out to hold a latency."""


def given_fields(message: Message) -> set[str]:
    """Names of the fields that are set, to whatever value."""
    return {field.name for field, _ in message.ListFields()}


def value_of(message: Message, name: str) -> Any:
    """The value of a field, out of its wrapper if it has one; the type's zero where it is not set."""
    value = getattr(message, name)
    return getattr(value, "value", value)


def says_adaptive(message: Message) -> bool:
    """Whether the message asks for the adaptive mode in so many words."""
    given = given_fields(message)
    return bool(message.adaptive) if "adaptive" in given else "latency_slo_ms" in given


def is_adaptive(message: Message) -> bool:
    """Whether the message asks for the adaptive mode, or for nothing that only the static one has."""
    given = given_fields(message)
    return says_adaptive(message) or not given & {"adaptive", "max_batch_size", *STATIC_ONLY}


def max_batch_size_of(message: Message) -> int:
    """Return the size of the largest batch; the last allowed size bounds an adaptive one."""
    if "max_batch_size" in given_fields(message):
        return int(message.max_batch_size.value)
    if message.allowed_batch_sizes and says_adaptive(message):
        return int(message.allowed_batch_sizes[-1])
    return BatchingPolicy().max_batch_size


def problems_of_parameters(message: Message) -> list[str]:
    """What is wrong with the parameters of a model, one line each."""
    rules: tuple[Callable[[Message], Iterator[str]], ...] = (_bad_values, _mode, _sizes, _low_priority, _buckets)
    return [problem for rule in rules for problem in rule(message)]


def vain_parameters(message: Message) -> Iterator[tuple[str, str]]:
    """Name each field that changes nothing because of other fields, with the reason."""
    given = given_fields(message)
    if is_adaptive(message):
        yield from ((name, "the adaptive mode learns it") for name in STATIC_ONLY if name in given)
        return
    if "max_execution_batch_size" in given and not message.enable_large_batch_splitting.value:
        yield "max_execution_batch_size", "enable_large_batch_splitting is off"


# --- Rules


def _bad_values(message: Message) -> Iterator[str]:
    given = given_fields(message)
    for name, least in _AT_LEAST.items():
        if name in given and value_of(message, name) < least:
            yield f"{name} must be {least} or more, got {value_of(message, name)}"
    goal = message.latency_slo_ms
    if "latency_slo_ms" in given and not (math.isfinite(goal) and goal > 0):
        yield f"latency_slo_ms must be a number above 0, got {goal:g}"
    if "weight" in given and not _WEIGHTS[0] <= message.weight <= _WEIGHTS[1]:
        yield f"weight must be from {_WEIGHTS[0]:g} to {_WEIGHTS[1]:g}, got {message.weight:g}"
    for name, choices in _CHOICES.items():
        if name in given and value_of(message, name) not in choices:
            yield f"{name} must be one of {', '.join(choices)}, got {value_of(message, name)!r}"


def _mode(message: Message) -> Iterator[str]:
    given = given_fields(message)
    if "latency_slo_ms" not in given:
        return
    if "adaptive" in given and not message.adaptive:
        yield "latency_slo_ms is set, which the adaptive mode holds, but adaptive is false"
    for name in _NEVER_WITH_A_GOAL:
        if name in given:
            yield f"{name} and latency_slo_ms are both set: set the number that should hold"


def _sizes(message: Message) -> Iterator[str]:
    max_batch_size = max_batch_size_of(message)
    yield from _allowed_sizes("allowed_batch_sizes", message.allowed_batch_sizes, "max_batch_size", max_batch_size)
    if not message.enable_large_batch_splitting.value:
        return
    given = given_fields(message)
    if "max_execution_batch_size" in given and message.max_execution_batch_size.value > max_batch_size:
        yield (
            f"max_execution_batch_size is {message.max_execution_batch_size.value}, "
            f"expected {max_batch_size} (max_batch_size) at most"
        )
    if "max_enqueued_batches" in given and message.max_enqueued_batches.value == 0:
        yield "max_enqueued_batches must be 1 or more with enable_large_batch_splitting, got 0"


def _allowed_sizes(name: str, sizes: Sequence[int], bound_name: str, bound: int) -> Iterator[str]:
    if sizes and sizes[-1] != bound:
        yield f"Last entry in {name} must match {bound_name}; last entry was {sizes[-1]}; expected {bound}"
    if not _is_ascending(sizes):
        yield f"{name} entries must be above 0 and monotonically increasing, got {', '.join(map(str, sizes))}"


def _is_ascending(numbers: Sequence[int]) -> bool:
    return list(numbers) == sorted({*numbers}) and all(number > 0 for number in numbers)


def _low_priority(message: Message) -> Iterator[str]:
    given = given_fields(message)
    if "low_priority_max_batch_size" not in given:
        needing = [name for name in STATIC_ONLY if name in given and "priority" in name]
        if needing:
            yield f"{', '.join(needing)} set without low_priority_max_batch_size"
        return
    size = message.low_priority_max_batch_size
    if size:
        sizes = message.low_priority_allowed_batch_sizes
        yield from _allowed_sizes("low_priority_allowed_batch_sizes", sizes, "low_priority_max_batch_size", size)


def _buckets(message: Message) -> Iterator[str]:
    seen = set()
    for index, buckets in enumerate(message.length_buckets):
        title = f"length_buckets {index + 1}"
        if not buckets.limits or not _is_ascending(buckets.limits):
            limits = ", ".join(map(str, buckets.limits)) or "none"
            yield f"{title}: limits must be above 0 and monotonically increasing, got {limits}"
        if "dimension" in given_fields(buckets) and buckets.dimension < 1:
            yield f"{title}: dimension must be 1 or more (0 is that of the rows), got {buckets.dimension}"
        if buckets.signature in seen:
            yield f"{title}: there are others for signature {buckets.signature or '(every one)'} before it"
        seen.add(buckets.signature)
