"""Metrics as text, in the form that Prometheus has had for long.

Written here and not by prometheus_client, which gives counters other names (`_total`) and has inclusive limits: names,
labels and limits are what dashboards made for the reference look for. Two of its faults are left out: newlines in label
values are escaped, and sums have all their digits, without which a rate cannot be computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from operator import attrgetter

from salver.boundary import MetricFamily, Series

by_labels = attrgetter("labels")
"""What series are sorted by."""


def page_text(families: Iterable[MetricFamily]) -> str:
    """Return the whole page: metrics in the order of their internal names, series in that of their label values."""
    labels = LabelTexts()
    ordered = sorted(families, key=lambda family: family.name)
    return "\n".join(line for family in ordered for line in _lines(family, labels)) + "\n"


class LabelTexts:
    """The labels of series as text, `name="value",...`: made once for a page, however many families have the same."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        """By the names of labels and by their values."""

    def of(self, family: MetricFamily) -> Iterator[tuple[str, Series]]:
        """Return the series of a family in the order of the page, each behind the text of its labels."""
        names = [label_name(name) for name in family.label_names]
        made = self._made.setdefault(family.label_names, {})
        for series in sorted(family.series, key=by_labels):
            text = made.get(series.labels)
            if text is None:
                pairs = zip(names, series.labels, strict=True)
                text = made[series.labels] = ",".join([f'{name}="{_escaped(value)}"' for name, value in pairs])
            yield text, series


def limit_labels(limits: Iterable[float]) -> list[str]:
    """Return the label of each bucket of a histogram, that of the last included."""
    return [*(f'le="{limit:g}"' for limit in limits), 'le="+Inf"']


def bucket_lines(name: str, labels: str, limits: Sequence[str], counts: Sequence[int]) -> list[str]:
    """Return a line for each bucket of a histogram, from what `limit_labels` gives and counts that add up."""
    start = f"{name}_bucket{{{labels}," if labels else f"{name}_bucket{{"
    return [f"{start}{limit}}} {count}" for limit, count in zip(limits, counts, strict=True)]


def metric_name(internal: str) -> str:
    """Return a metric's name on the page: what Prometheus does not allow becomes a colon."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9_]", ":", internal))


def _lines(family: MetricFamily, labels: LabelTexts) -> Iterator[str]:
    name = metric_name(family.name)
    yield f"# TYPE {name} {family.kind}"
    if family.kind == "histogram":
        limits = limit_labels(family.limits)
        for text, series in labels.of(family):
            yield from _histogram_lines(name, text, limits, series)
    else:
        for text, series in labels.of(family):
            yield f"{name}{{{text}}} {series.value}"


def _histogram_lines(name: str, labels: str, limits: Sequence[str], series: Series) -> Iterator[str]:
    counts = list(accumulate(series.bucket_counts))
    yield from bucket_lines(name, labels, limits, counts)
    yield f"{name}_sum{{{labels}}} {series.value}"
    yield f"{name}_count{{{labels}}} {counts[-1]}"


def label_name(internal: str) -> str:
    """Return a label's name on the page: what Prometheus does not allow becomes an underscore."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9]", "_", internal))


def _not_leading_digit(name: str) -> str:
    return f"_{name}" if name[:1].isdigit() else name


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
