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
from salver.server.metrics_text import LabelTexts, bucket_lines, limit_labels, metric_name

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
    labels = LabelTexts()
    ordered = sorted(families, key=lambda family: family.name)
    lines = [line for family in ordered for line in _lines(family, labels)]
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


def _lines(family: MetricFamily, labels: LabelTexts) -> Iterator[str]:
    name = metric_name(family.name)
    is_total = family.kind == "counter" and name.endswith("_total")
    kind = "unknown" if family.kind == "counter" and not is_total else family.kind
    yield f"# TYPE {name.removesuffix('_total') if is_total else name} {kind}"
    if family.kind == "histogram":
        limits = limit_labels(family.limits)
        for text, series in labels.of(family):
            yield from _histogram_lines(name, text, limits, series)
    else:
        for text, series in labels.of(family):
            yield f"{name}{_braced(text)} {series.value}"


def _histogram_lines(name: str, labels: str, limits: Sequence[str], series: Series) -> Iterator[str]:
    counts = list(accumulate(series.bucket_counts))
    exemplars = {exemplar.bucket: exemplar for exemplar in series.exemplars}
    for index, line in enumerate(bucket_lines(name, labels, limits, counts)):
        yield f"{line}{_told(exemplars.get(index))}"
    yield f"{name}_count{_braced(labels)} {counts[-1]}"
    yield f"{name}_sum{_braced(labels)} {series.value}"


def _told(exemplar: Exemplar | None) -> str:
    if exemplar is None:
        return ""
    return f' # {{trace_id="{exemplar.trace_id}"}} {exemplar.value} {exemplar.at_s:.3f}'


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""
