"""A BatchingParameters message, checked before, as the policy that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salver.boundary import BatchingPolicy, LengthBuckets, LowPriority
from salver.config.batching_checks import given_fields, is_adaptive, max_batch_size_of, value_of

if TYPE_CHECKING:
    from salver.wire import Message

_MICROS = 1e-6
_MILLIS = 1e-3

_IN_BOTH_MODES = (
    "pad_variable_length_inputs",
    "weight",
    "max_in_flight_batches",
    "max_queued_rows",
    "max_queued_bytes",
)
_STATIC = ("enable_large_batch_splitting", "batch_padding_policy")
"""Like those above, fields that the policy has under the same name and in the same unit."""


def policy_of(message: Message) -> BatchingPolicy:
    """Turn checked parameters into a policy; what is not set has the policy's own defaults."""
    given = given_fields(message)
    fields: dict[str, Any] = {name: value_of(message, name) for name in _IN_BOTH_MODES if name in given}
    if "latency_slo_ms" in given:
        fields["latency_slo_s"] = message.latency_slo_ms * _MILLIS
    if not is_adaptive(message):
        fields |= _static_fields(message, given)
    return BatchingPolicy(
        is_adaptive=is_adaptive(message),
        max_batch_size=max_batch_size_of(message),
        allowed_batch_sizes=tuple(message.allowed_batch_sizes),
        length_buckets=tuple(map(_length_buckets, message.length_buckets)),
        **fields,
    )


def _static_fields(message: Message, given: set[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: value_of(message, name) for name in _STATIC if name in given}
    fields["batch_timeout_s"] = message.batch_timeout_micros.value * _MICROS
    if "max_enqueued_batches" in given:
        fields["max_enqueued_batches"] = max(message.max_enqueued_batches.value, 1)  # 0 is known to mean 1
    if "max_execution_batch_size" in given and message.enable_large_batch_splitting.value:
        fields["max_execution_batch_size"] = message.max_execution_batch_size.value
    if message.low_priority_max_batch_size:
        fields["low_priority"] = _low_priority(message, given)
    return fields


def _low_priority(message: Message, given: set[str]) -> LowPriority:
    fields: dict[str, Any] = {}
    if "low_priority_max_enqueued_batches" in given:
        fields["max_enqueued_batches"] = message.low_priority_max_enqueued_batches
    if "mixed_priority_batching_policy" in given:
        fields["mixed_priority_batching_policy"] = message.mixed_priority_batching_policy
    return LowPriority(
        max_batch_size=message.low_priority_max_batch_size,
        batch_timeout_s=message.low_priority_batch_timeout_micros * _MICROS,
        allowed_batch_sizes=tuple(message.low_priority_allowed_batch_sizes),
        **fields,
    )


def _length_buckets(message: Message) -> LengthBuckets:
    return LengthBuckets(
        limits=tuple(message.limits),
        signature=message.signature,
        input=message.input,
        dimension=message.dimension if "dimension" in given_fields(message) else 1,
    )
