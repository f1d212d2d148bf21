from prometheus_client.parser import text_string_to_metric_families

from salver.boundary import MetricFamily, Series
from salver.server.metrics_json import families_json
from salver.server.metrics_text import page_text

FAMILIES = [
    MetricFamily("/z/requests", "counter", ("model-name",), (Series(("b",), 2), Series(("a",), 1))),
    MetricFamily("salver_open", "gauge", (), (Series((), 7),)),
    MetricFamily("/a/latency", "histogram", (), (Series((), 60, (1, 0, 2)),), (10.0, 20.0)),
]


def test_families_have_the_names_and_order_of_the_page():
    assert families_json(FAMILIES) == [
        {
            "name": ":a:latency",
            "type": "histogram",
            "series": [{"labels": {}, "count": 3, "sum": 60, "buckets": [[10.0, 1], [20.0, 1], ["+Inf", 3]]}],
        },
        {
            "name": ":z:requests",
            "type": "counter",
            "series": [{"labels": {"model_name": "a"}, "value": 1}, {"labels": {"model_name": "b"}, "value": 2}],
        },
        {"name": "salver_open", "type": "gauge", "series": [{"labels": {}, "value": 7}]},
    ]


def test_numbers_are_those_of_the_page():
    page = {family.name: family for family in text_string_to_metric_families(page_text(FAMILIES))}
    for family in families_json(FAMILIES):
        samples = {sample.name: sample.value for sample in page[family["name"]].samples if "le" not in sample.labels}
        for series in family["series"]:
            if "count" in series:
                assert samples == {":a:latency_sum": series["sum"], ":a:latency_count": series["count"]}
            elif not series["labels"]:
                assert samples[family["name"]] == series["value"]
