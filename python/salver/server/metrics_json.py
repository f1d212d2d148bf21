"""The metrics in JSON: the families, names and numbers of the page for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from salver.boundary import MetricFamily, Series
from salver.server.metrics_text import label_name, metric_name


def families_json(families: Iterable[MetricFamily]) -> list[dict[str, Any]]:
    """Return what JSON says of these families: by ascending name, and series in the order of their label values."""
    return [_family(family) for family in sorted(families, key=lambda family: family.name)]


def _family(family: MetricFamily) -> dict[str, Any]:
    names = [label_name(name) for name in family.label_names]
    series = sorted(family.series, key=lambda series: series.labels)
    told = [_series(family, one, dict(zip(names, one.labels, strict=True))) for one in series]
    return {"name": metric_name(family.name), "type": family.kind, "series": told}


def _series(family: MetricFamily, series: Series, labels: Mapping[str, str]) -> dict[str, Any]:
    if family.kind != "histogram":
        return {"labels": labels, "value": series.value}
    counts = list(accumulate(series.bucket_counts))
    buckets = [list(pair) for pair in zip((*family.limits, "+Inf"), counts, strict=True)]
    return {"labels": labels, "count": counts[-1], "sum": series.value, "buckets": buckets}
