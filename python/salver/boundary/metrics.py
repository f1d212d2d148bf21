"""Counts and histograms of the data plane at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A traced request that stands for the others in its bucket."""

    bucket: int
    """Index into `Series.bucket_counts`."""
    trace_id: str
    """32 hexadecimal digits."""
    value: float
    """The sample itself."""
    at_s: float
    """When it was taken, in seconds since the epoch."""


class Series(NamedTuple):
    """The values of one metric for one set of label values.

    A tuple, because a server with thousands of models makes tens of thousands of them at each look at its metrics.
    """

    labels: tuple[str, ...]
    """Values, in the order of `MetricFamily.label_names`."""
    value: int | float
    """The count or the present value; of a histogram the sum of its samples."""
    bucket_counts: tuple[int, ...] = ()
    """Histogram: samples in each bucket, not cumulative; one more than `MetricFamily.limits`."""
    exemplars: tuple[Exemplar, ...] = ()
    """Histogram: at most one for each bucket."""


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One metric at one moment."""

    name: str
    """Internal name, for example `/tensorflow/serving/request_count`."""
    kind: Literal["counter", "gauge", "histogram"]
    label_names: tuple[str, ...]
    series: tuple[Series, ...]
    limits: tuple[float, ...] = ()
    """Histogram: upper bounds of the buckets, ascending; one more bucket is for what lies beyond the last.

    Those of metrics with the reference's names are exclusive, as there, and so are all in microseconds; those in
    seconds are inclusive.
    """
