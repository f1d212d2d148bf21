"""The text that Prometheus reads."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from salver.boundary import MetricFamily, Series
from salver.server.metrics_page import MetricsPage, first_value
from salver.server.metrics_text import page_text
from salver.testing.fake_calls import FakeControlCall


def counter(name="/c", labels=(), *series):
    return MetricFamily(name, "counter", labels, tuple(Series(*one) for one in series))


def parsed(text):
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_names_lose_what_prometheus_does_not_allow():
    families = [counter("/a/b.c", ("API", "x y"), (("1", "2"), 3)), counter("1/x", ("2l",), (("v",), 4))]

    assert page_text(families) == (
        '# TYPE :a:b:c counter\n:a:b:c{API="1",x_y="2"} 3\n# TYPE _1:x counter\n_1:x{_2l="v"} 4\n'
    )


def test_metrics_stand_by_internal_name_and_series_by_label_values():
    families = [counter("/b"), counter("/a", ("l", "m"), (("2", ""), 1), (("10", "b"), 2), (("10", "a"), 3))]

    assert page_text(families).splitlines() == [
        "# TYPE :a counter",
        ':a{l="10",m="a"} 3',
        ':a{l="10",m="b"} 2',
        ':a{l="2",m=""} 1',
        "# TYPE :b counter",
    ]


def test_families_with_the_same_label_values_have_them_under_their_own_names():
    one, other, third = (
        counter(name, (label,), (('"v',), 1)) for name, label in [("/a", "l"), ("/b", "m"), ("/c", "l")]
    )

    assert page_text([one, other, third]).splitlines()[1::2] == [
        ':a{l="\\"v"} 1',
        ':b{m="\\"v"} 1',
        ':c{l="\\"v"} 1',
    ]


def test_braces_stay_where_there_is_no_label():
    assert page_text([MetricFamily("/g", "gauge", (), (Series((), 2),))]) == "# TYPE :g gauge\n:g{} 2\n"


def test_a_histogram_has_all_limits_and_exact_sums():
    family = MetricFamily("/h", "histogram", ("l",), (Series(("v",), 123456789, (0, 2, 3)),), (104.976, 1274823.1))

    assert page_text([family]).splitlines() == [
        "# TYPE :h histogram",
        ':h_bucket{l="v",le="104.976"} 0',
        ':h_bucket{l="v",le="1.27482e+06"} 2',
        ':h_bucket{l="v",le="+Inf"} 5',
        ':h_sum{l="v"} 123456789',
        ':h_count{l="v"} 5',
    ]


def test_a_histogram_without_labels_has_its_limit_alone():
    family = MetricFamily("/h", "histogram", (), (Series((), 3, (1, 0)),), (1.0,))

    assert page_text([family]).splitlines()[1:] == [
        ':h_bucket{le="1"} 1',
        ':h_bucket{le="+Inf"} 1',
        ":h_sum{} 3",
        ":h_count{} 1",
    ]


@pytest.mark.parametrize("value", ['say "hi"', "C:\\new", "two\nlines", "\\n", "ä {}=,", "", 'a"} 1\nfake{b="'])
def test_any_label_value_comes_back_from_the_parser(value):
    family = MetricFamily("/h", "histogram", ("l",), (Series((value,), 7, (1, 1)),), (1.0,))

    found = parsed(page_text([counter("/c", ("l", "m"), ((value, "x"), 1)), family]))

    (sample,) = found[":c"].samples
    assert sample.labels == {"l": value, "m": "x"}
    assert {sample.labels["l"] for sample in found[":h"].samples} == {value}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("family", "value"),
    [
        (counter("/c", ("l",), (("b",), 2), (("a",), 1)), 1),
        (counter("/c"), 0),
        (MetricFamily("/g", "gauge", (), (Series((), 5),)), 5),
        (MetricFamily("/h", "histogram", (), (Series((), 5, (1, 1)),), (1.0,)), 0),
    ],
)
def test_the_first_value_is_that_of_the_first_series(family, value):
    assert first_value(family) == value


def test_the_page_is_plain_text_of_now():
    families = []
    page = MetricsPage(lambda: families)
    families.append(counter("/c", (), ((), 1)))

    response = page(FakeControlCall.http("HEAD", "/metrics"))

    assert (response.status, response.headers) == (200, (("content-type", "text/plain"),))
    assert response.body == b"# TYPE :c counter\n:c{} 1\n"


def test_a_query_is_refused_and_both_paths_are_named():
    response = MetricsPage(list)(FakeControlCall.http("GET", "/metrics?name=x"))

    assert (response.status, response.headers) == (400, (("content-type", "text/plain"),))
    assert response.body == b"Unexpected path: /metrics?name=x. Should be /metrics"
