"""The page of metrics that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from salver.boundary import ControlCall, MetricFamily
from salver.server.http_response import HttpResponse
from salver.server.metrics_text import by_labels, page_text
from salver.server.openmetrics_text import CONTENT_TYPE, is_wanted, openmetrics_text

_HEADERS = (("content-type", "text/plain"),)
_OPENMETRICS_HEADERS = (("content-type", CONTENT_TYPE),)


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
        if is_wanted(",".join(value for name, value in call.headers if name == "accept")):
            text = openmetrics_text(self._families())
            return HttpResponse(200, _OPENMETRICS_HEADERS, text.encode(errors="replace"))
        return HttpResponse(200, _HEADERS, page_text(self._families()).encode(errors="replace"))


def first_value(family: MetricFamily) -> int:
    """Return the value of the first series on the page; 0 for a histogram and where there is none."""
    if family.kind == "histogram" or not family.series:
        return 0
    return int(min(family.series, key=by_labels).value)
