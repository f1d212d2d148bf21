"""The page of metrics that Prometheus reads.

Written here and not by prometheus_client, which gives counters other names (`_total`) and has inclusive limits: names,
labels and limits are what dashboards made for the reference look for. Two of its faults are left out: newlines in label
values are escaped, and sums have all their digits, without which a rate cannot be computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from salver.boundary import ControlCall, MetricFamily, Series
from salver.server.http_response import HttpResponse

_HEADERS = (("content-type", "text/plain"),)
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class MetricsPage:
    """Answers HTTP requests for the page."""

    def __init__(self, families: Callable[[], Iterable[MetricFamily]]) -> None:
        """Make a page of what `families` returns at each request."""
        self._families = families

    def __call__(self, call: ControlCall) -> HttpResponse:
        """Answer any method; a query is refused."""
        if call.query:
            text = f"Unexpected path: {call.path}?{call.query}. Should be {call.path}"
            return HttpResponse(400, _HEADERS, text.encode())
        return HttpResponse(200, _HEADERS, page_text(self._families()).encode(errors="replace"))


def page_text(families: Iterable[MetricFamily]) -> str:
    """Return the whole page: metrics in the order of their internal names, series in that of their label values."""
    lines = [line for family in sorted(families, key=lambda family: family.name) for line in _lines(family)]
    return "\n".join(lines) + "\n"


def first_value(family: MetricFamily) -> int:
    """Return the value of the first series on the page; 0 for a histogram and where there is none."""
    if family.kind == "histogram" or not family.series:
        return 0
    return min(family.series, key=_labels).value


def _labels(series: Series) -> tuple[str, ...]:
    return series.labels


def _lines(family: MetricFamily) -> Iterator[str]:
    name = metric_name(family.name)
    yield f"# TYPE {name} {family.kind}"
    label_names = [label_name(label) for label in family.label_names]
    for series in sorted(family.series, key=_labels):
        pairs = [
            f'{label}="{value.translate(_ESCAPES)}"' for label, value in zip(label_names, series.labels, strict=True)
        ]
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


def _line(name: str, pairs: Sequence[str], value: int) -> str:
    return f"{name}{{{','.join(pairs)}}} {value}"


def metric_name(internal: str) -> str:
    """Return a metric's name on the page: what Prometheus does not allow becomes a colon."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9_]", ":", internal))


def label_name(internal: str) -> str:
    """Return a label's name on the page: what Prometheus does not allow becomes an underscore."""
    return _not_leading_digit(re.sub(r"[^A-Za-z0-9]", "_", internal))


def _not_leading_digit(name: str) -> str:
    return f"_{name}" if name[:1].isdigit() else name
