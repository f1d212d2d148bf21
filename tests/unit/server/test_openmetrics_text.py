"""The OpenMetrics form of the page."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from salver.boundary import Exemplar, MetricFamily, Series
from salver.server.metrics_page import MetricsPage
from salver.server.openmetrics_text import is_wanted, openmetrics_text
from salver.testing.fake_calls import FakeControlCall

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SECONDS = MetricFamily(
    "salver_x_seconds",
    "histogram",
    ("l",),
    (Series(("v",), 0.0525, (1, 0, 2), (Exemplar(2, TRACE, 0.05, 1700000000.1234),)), Series(("w",), 0.0, (0, 0, 0))),
    (1e-05, 0.01),
)


def test_counters_of_the_reference_keep_their_names_and_own_ones_their_kind():
    families = [
        MetricFamily("/tf/request_count", "counter", ("a",), (Series(("x",), 2),)),
        MetricFamily("salver_y_total", "counter", (), (Series((), 3),)),
        MetricFamily("salver_z", "gauge", (), (Series((), 0.5),)),
    ]

    text = openmetrics_text(families)

    assert text.splitlines() == [
        "# TYPE :tf:request_count unknown",
        ':tf:request_count{a="x"} 2',
        "# TYPE salver_y counter",
        "salver_y_total 3",
        "# TYPE salver_z gauge",
        "salver_z 0.5",
        "# EOF",
    ]
    assert [family.type for family in text_string_to_metric_families(text)] == ["unknown", "counter", "gauge"]


def test_a_bucket_has_the_trace_of_one_request_in_it():
    (family,) = text_string_to_metric_families(openmetrics_text([SECONDS]))

    exemplars = {sample.labels["le"]: sample.exemplar for sample in family.samples if sample.exemplar}
    assert list(exemplars) == ["+Inf"]
    found = exemplars["+Inf"]
    assert (found.labels, found.value, str(found.timestamp)) == ({"trace_id": TRACE}, 0.05, "1700000000.123000000")
    values = {(s.name.rpartition("_")[2], s.labels["l"], s.labels.get("le")): s.value for s in family.samples}
    assert values["bucket", "v", "1e-05"] == values["bucket", "v", "0.01"] == 1
    assert (values["count", "v", None], values["sum", "v", None]) == (3, 0.0525)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        (
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;q=0.75,text/plain;q=0.5,*/*;q=0.1",
            True,
        ),
        ("text/plain;version=0.0.4;q=1, application/openmetrics-text;version=1.0.0;q=0.5", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=no", False),
        ("Application/OpenMetrics-Text ; Q=0.4", True),
    ],
)
def test_the_form_is_the_one_that_the_client_likes_best(accept, wanted):
    assert is_wanted(accept) == wanted


def test_the_page_says_which_form_it_has():
    page = MetricsPage(lambda: [SECONDS])

    response = page(FakeControlCall.http("GET", "/metrics", headers={"accept": "application/openmetrics-text"}))

    assert response.headers == (("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8"),)
    assert response.body.endswith(b"# EOF\n")
