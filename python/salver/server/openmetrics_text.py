"""Metrics as text in the OpenMetrics form, which has room for exemplars.

Names are those of the other form. OpenMetrics wants the names of counters to end in `_total`, which those of the
reference do not: they are told as of unknown type, which says less about them and leaves their names alone. Limits are
spelt as in the other form, too, `10` and not `10.0`: whoever scrapes may change the form, and no label does.

Source: OpenMetrics 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from salver.boundary import Exemplar, MetricFamily, Series
from salver.server.metrics_text import label_pairs, label_values, metric_name

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_MEDIA_TYPE = "application/openmetrics-text"
_OTHERS = ("text/plain", "text/*", "*/*")


def is_wanted(accept: str) -> bool:
    """Whether a client with this `Accept` header takes this form, and no other one rather."""
    qualities: dict[str, float] = {}
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        qualities[media_type] = max(_quality(parameters), qualities.get(media_type, 0.0))
    wanted = qualities.get(_MEDIA_TYPE, 0.0)
    return wanted > 0 and all(wanted >= qualities.get(other, 0.0) for other in _OTHERS)


def openmetrics_text(families: Iterable[MetricFamily]) -> str:
    """Return the whole page, in the order of the other form."""
    lines = [line for family in sorted(families, key=lambda family: family.name) for line in _lines(family)]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _lines(family: MetricFamily) -> Iterator[str]:
    name = metric_name(family.name)
    is_total = family.kind == "counter" and name.endswith("_total")
    kind = "unknown" if family.kind == "counter" and not is_total else family.kind
    yield f"# TYPE {name.removesuffix('_total') if is_total else name} {kind}"
    for series in sorted(family.series, key=label_values):
        pairs = label_pairs(family, series)
        if family.kind == "histogram":
            yield from _histogram_lines(name, pairs, family.limits, series)
        else:
            yield _line(name, pairs, series.value)


def _histogram_lines(name: str, pairs: Sequence[str], limits: Sequence[float], series: Series) -> Iterator[str]:
    counts = list(accumulate(series.bucket_counts))
    exemplars = {exemplar.bucket: exemplar for exemplar in series.exemplars}
    for index, (limit, count) in enumerate(zip([*(f"{limit:g}" for limit in limits), "+Inf"], counts, strict=True)):
        yield _line(f"{name}_bucket", [*pairs, f'le="{limit}"'], count) + _told(exemplars.get(index))
    yield _line(f"{name}_count", pairs, counts[-1])
    yield _line(f"{name}_sum", pairs, series.value)


def _told(exemplar: Exemplar | None) -> str:
    if exemplar is None:
        return ""
    return f' # {{trace_id="{exemplar.trace_id}"}} {exemplar.value} {exemplar.at_s:.3f}'


def _line(name: str, pairs: Sequence[str], value: float) -> str:
    return f"{name}{{{','.join(pairs)}}} {value}" if pairs else f"{name} {value}"
