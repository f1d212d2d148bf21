"""Reports on batching, read from what the admin listener answers.

A newer server may say more than is known here: unknown fields are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    BatchSizeCount,
    CurvePoint,
    LengthBuckets,
    LowPriority,
    Quantiles,
)
from salver.errors import FailedPreconditionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Made = TypeVar("Made", bound=DataclassInstance)


def read_reports(document: Any) -> list[BatchingReport]:
    """Return the reports of an answer.

    Raises:
        FailedPreconditionError: The document is none of reports.
    """
    try:
        return [_report(item) for item in document["batching"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise FailedPreconditionError(f"the answer of the server is not understood: {error!r}") from None


def _report(item: Mapping[str, Any]) -> BatchingReport:
    given = dict(item)
    given["policy"] = read_policy(given["policy"])
    given["batch_sizes"] = tuple(made(BatchSizeCount, size) for size in given["batch_sizes"])
    given["curve"] = tuple(made(CurvePoint, point) for point in given["curve"])
    for name in ("wait", "run"):
        given[name] = None if given[name] is None else made(Quantiles, given[name])
    return made(BatchingReport, given)


def read_policy(item: Mapping[str, Any]) -> BatchingPolicy:
    """Return the policy that an object of an answer stands for."""
    given = dict(item)
    given["length_buckets"] = tuple(made(LengthBuckets, buckets) for buckets in given["length_buckets"])
    given["low_priority"] = None if given["low_priority"] is None else made(LowPriority, given["low_priority"])
    return made(BatchingPolicy, given)


def made(kind: type[Made], given: Mapping[str, Any]) -> Made:
    """Make a value of the fields that are known here."""
    known = {field.name for field in fields(kind)}
    return kind(**{name: _immutable(value) for name, value in given.items() if name in known})


def _immutable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
