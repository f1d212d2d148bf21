"""metrics.md: the page of metrics on a running server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.models import HALF_PLUS_TWO, MODELS
from tests.support.server_process import ServerProcess, served
from tests.support.spec_tables import Case, Table
from tests.support.stub_client import StubClient
from tests.support.tensor_text import example, examples, fed, floats, spec

PAGE = "/monitoring/prometheus/metrics"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, client: StubClient) -> Iterator[str]:
    """The page after one request of every kind; one of REST and one of gRPC to an unknown model."""
    models = {"half_plus_two": HALF_PLUS_TWO, "example_scorer": MODELS / "example_scorer"}
    with served(tmp_path_factory.mktemp("metrics"), models=models) as process:
        one = examples(example(x=1.0))
        regress = spec("example_scorer", "regress_x") + 'method_name: "tensorflow/serving/regress"'
        calls = {
            "Predict": spec("half_plus_two") + fed("x", floats(1)),
            "Classify": spec("example_scorer", "classify_x") + one,
            "Regress": spec("example_scorer", "regress_x") + one,
            "MultiInference": f"tasks {{ {regress} }} {one}",
        }
        for method, request in calls.items():
            assert client.call(process.grpc_address, method, request).code == "OK"
        client.call(process.grpc_address, "Predict", spec("nobody") + fed("x", floats(1)))
        process.post("/v1/models/half_plus_two:predict", '{"inputs": 1.0}')
        process.get("/v1/models/half_plus_two")
        process.get("/v1/none")
        yield read(process)


def read(process: ServerProcess) -> str:
    return process.get(PAGE).body.decode()


NAMES = Table(
    "metrics",
    "2",
    "Metrics by name and kind",
    17,
    elsewhere={
        9: "a model identifier of one tool",
        **dict.fromkeys(range(10, 15), "batching is off here: the page is tested in tests/e2e"),
        **dict.fromkeys((15, 16, 17), "of another runtime"),
    },
)
COUNTER, HISTOGRAM = "counter", "histogram"


@NAMES.each(
    Case(1, f"request_count {COUNTER}"),
    Case(2, f"request_latency {HISTOGRAM}"),
    Case(3, f"runtime_latency {HISTOGRAM}"),
    Case(4, f"request_example_counts {HISTOGRAM}"),
    Case(5, f"request_example_count_total {COUNTER}"),
    Case(6, f"request_log_count {COUNTER}"),
    Case(7, f"model_warmup_latency {HISTOGRAM}"),
    Case(8, f"model_warmup_records_read {COUNTER}"),
)
def test_names(page: str, case: Case) -> None:
    assert f"# TYPE :tensorflow:serving:{case.what}\n" in page


LABELS = Table("metrics", "2.1", "Values of labels", 5)


@LABELS.each(
    Case(1, 'request_count{model_name="half_plus_two",status="OK"}'),
    Case(1, 'request_count{model_name="nobody",status="NOT_FOUND"}'),
    Case(1, 'request_count{model_name="",status="INVALID_ARGUMENT"}'),
    Case(2, 'request_count{model_name="example_scorer",status="OK"}'),
    *(
        Case(3, f'request_latency_count{{model_name="example_scorer",API="{api}",entrypoint="GRPC"}} 1')
        for api in ("Classify", "Regress")
    ),
    Case(3, 'request_latency_count{model_name="half_plus_two",API="predict",entrypoint="REST"} 1'),
    Case(3, 'request_latency_count{model_name="half_plus_two",API="",entrypoint="REST"}'),
    Case(4, 'request_latency_count{model_name="half_plus_two",API="Predict",entrypoint="GRPC"} 1'),
    Case(5, 'request_example_count_total{model="example_scorer"} 1'),
)
def test_labels(page: str, case: Case) -> None:
    assert f"\n:tensorflow:serving:{case.what}" in page


FORMAT = Table("metrics", "4", "The text", 4)


@FORMAT.row(1, "names hold colons for slashes")
def test_names_of_lines(page: str) -> None:
    assert re.search(r"^:tensorflow:serving:request_count\{", page, re.MULTILINE)


@FORMAT.row(2, "a histogram: buckets to +Inf, sum, count")
def test_histogram(page: str) -> None:
    series = ':tensorflow:serving:request_latency_bucket{model_name="half_plus_two",API="Predict",entrypoint="GRPC",'
    lines = [line for line in page.splitlines() if line.startswith(series)]
    assert len(lines) == 34
    assert 'le="10"}' in lines[0]
    assert lines[-1].endswith('le="+Inf"} 1')


@FORMAT.row(3, "no help lines, no time stamps")
def test_plain(page: str) -> None:
    assert "# HELP" not in page
    assert all(
        len(line.rsplit("}", 1)[1].split()) == 1
        for line in page.splitlines()
        if line.startswith(":tensorflow:serving:")
    )


@FORMAT.row(4, "one line break at the end")
def test_end(page: str) -> None:
    assert page.endswith("\n")
    assert not page.endswith("\n\n")
