"""What is written down on both sides of the boundary is the same on both."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args, get_type_hints

import pytest

from salver import _native
from salver.boundary import BatchingPolicy, LengthBuckets, LowPriority
from salver.dataplane import native_policy
from salver.errors import Code, InvalidArgumentError


def test_status_codes() -> None:
    assert _native.code_names() == {code.value: code.name for code in Code}


def test_element_types_have_unique_names() -> None:
    names = _native.dtype_names()

    assert len(set(names.values())) == len(names)
    assert {1: "float", 7: "string", 9: "int64"}.items() <= names.items()


# --- batching --------------------------------------------------------------------------------------------------------

OTHER = BatchingPolicy(
    is_adaptive=False,
    max_batch_size=64,
    enable_large_batch_splitting=True,
    max_execution_batch_size=32,
    batch_timeout_s=0.5,
    max_enqueued_batches=3,
    allowed_batch_sizes=(8, 64),
    batch_padding_policy="BATCH_DOWN",
    pad_variable_length_inputs=True,
    length_buckets=(LengthBuckets(limits=(4, 8), signature="s", input="x", dimension=2),),
    latency_slo_s=0.02,
    weight=2.0,
    max_in_flight_batches=2,
    max_queued_rows=50,
    max_queued_bytes=500,
    low_priority=LowPriority(max_batch_size=16, allowed_batch_sizes=(16,)),
)


def test_default_batching_policy() -> None:
    assert native_policy(BatchingPolicy()) == _native.BatchingPolicy.defaults()


@pytest.mark.parametrize("name", [field.name for field in fields(BatchingPolicy)])
def test_every_field_of_a_batching_policy_crosses(name: str) -> None:
    changed = BatchingPolicy(**{name: getattr(OTHER, name)})

    assert changed != BatchingPolicy()
    assert native_policy(changed) != native_policy(BatchingPolicy())
    assert native_policy(changed) == native_policy(changed)


@pytest.mark.parametrize(
    ("cls", "field", "wrap"),
    [
        (BatchingPolicy, "batch_padding_policy", lambda policy: policy),
        (LowPriority, "mixed_priority_batching_policy", lambda low: BatchingPolicy(low_priority=low)),
    ],
)
def test_names_of_batching_policies(cls, field, wrap) -> None:
    names = get_args(get_type_hints(cls)[field])
    given = {"max_batch_size": 8}

    made = [native_policy(wrap(cls(**given, **{field: name}))) for name in names]
    assert len(names) > 1
    assert all(one != other for index, one in enumerate(made) for other in made[:index])
    with pytest.raises(InvalidArgumentError, match=f"no {field} is called"):
        native_policy(wrap(cls(**given, **{field: "other"})))
