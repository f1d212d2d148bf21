"""The Grafana dashboard: what it asks for is there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from scripts.dashboard import dashboard_json
from tests.support import wire
from tests.support.metrics import METRICS_PATH, Page
from tests.support.models import HALF_PLUS_TWO, ROOT, half_plus_two_request
from tests.support.promql import names_in
from tests.support.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]
FILE = ROOT / "deploy" / "grafana" / "salver.json"
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


def test_the_file_is_what_the_table_says() -> None:
    assert FILE.read_text(encoding="utf-8") == dashboard_json(), "run `make docs`"


def test_every_query_names_metrics_and_labels_that_there_are(start_server: StartServer) -> None:
    server = start_server("--enable_batching", models={"half_plus_two": HALF_PLUS_TWO})
    server.call(wire.PREDICT, half_plus_two_request(1.0))
    page = Page(server.get(METRICS_PATH).body.decode())
    there = {
        f"{name}{suffix}": family
        for name, family in page.families.items()
        for suffix in SUFFIXES.get(family.type, ("",))
    }
    dashboard = json.loads(FILE.read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(queries) > 20

    for query in queries:
        metrics, labels = names_in(query)
        assert metrics, query
        assert metrics <= there.keys(), query
        for metric in metrics:
            samples = there[metric].samples
            known = {label for sample in samples for label in sample.labels} | {"le"}
            assert not samples or labels <= known, f"{metric} has no such label: {query}"


def test_no_panel_lies_on_another_one() -> None:
    taken = set()
    for panel in json.loads(FILE.read_text(encoding="utf-8"))["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


@pytest.mark.parametrize(
    ("query", "metrics", "labels"),
    [
        (
            'sum by (a, le) (rate(m_bucket{b=~"$x", c!="by (d)"}[5m])) / sum(n:o)',
            {"m_bucket", "n:o"},
            {"a", "le", "b", "c"},
        ),
        ("histogram_quantile(0.9, m)", {"m"}, set()),
        ("a / on (l) b", {"a", "b"}, {"l"}),
    ],
)
def test_names_of_a_query_are_found(query: str, metrics: set[str], labels: set[str]) -> None:
    assert names_in(query) == (metrics, labels)
