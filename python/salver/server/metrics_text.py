"""Metrics as text, in the form that Prometheus has had for long.

Written here and not by prometheus_client, which gives counters other names (`_total`) and has inclusive limits: names,
labels and limits are what dashboards made for the reference look for. Two of its faults are left out: newlines in label
values are escaped, and sums have all their digits, without which a rate cannot be computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from salver.boundary import MetricFamily, Series

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def page_text(families: Iterable[MetricFamily]) -> str:
    """Return the whole page: metrics in the order of their internal names, series in that of their label values."""
    lines = [line for family in sorted(families, key=lambda family: family.name) for line in _lines(family)]
    return "\n".join(lines) + "\n"


def label_values(series: Series) -> tuple[str, ...]:
    """Return what series are sorted by."""
    return series.labels


def label_pairs(family: MetricFamily, series: Series) -> list[str]:
    """Return the labels of a series, escaped, each as `name="value"`."""
    names = [label_name(label) for label in family.label_names]
    values = [value.translate(_ESCAPES) for value in series.labels]
    return [f'{name}="{value}"' for name, value in zip(names, values, strict=True)]


def metric_name(internal: str) -> str:
    """Return a metric's name on the page: what Prometheus does not allow becomes a colon."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9_]", ":", internal))


def _lines(family: MetricFamily) -> Iterator[str]:
    name = metric_name(family.name)
    yield f"# TYPE {name} {family.kind}"
    for series in sorted(family.series, key=label_values):
        pairs = label_pairs(family, series)
        if family.kind == "histogram":
            yield from _histogram_lines(name, pairs, family.limits, series)
        else:
            yield _line(name, pairs, series.value)


def _histogram_lines(name: str, pairs: Sequence[str], limits: Sequence[float], series: Series) -> Iterator[str]:
    counts = list(accumulate(series.bucket_counts))
    for limit, count in zip([*(f"{limit:g}" for limit in limits), "+Inf"], counts, strict=True):
        yield _line(f"{name}_bucket", [*pairs, f'le="{limit}"'], count)
    yield _line(f"{name}_sum", pairs, series.value)
    yield _line(f"{name}_count", pairs, counts[-1])


def _line(name: str, pairs: Sequence[str], value: float) -> str:
    return f"{name}{{{','.join(pairs)}}} {value}"


def label_name(internal: str) -> str:
    """Return a label's name on the page: what Prometheus does not allow becomes an underscore."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9]", "_", internal))


def _not_leading_digit(name: str) -> str:
    return f"_{name}" if name[:1].isdigit() else name
