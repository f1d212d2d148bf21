"""Metrics of the data plane as plain values."""

from __future__ import annotations

import pytest

from salver.boundary import MetricFamily, Series
from salver.errors import Code, InvalidArgumentError
from tests.support.boundary import floats

RUNTIME = "/tensorflow/serving/runtime_latency"


def families(plane) -> dict[str, MetricFamily]:
    return {family.name: family for family in plane.metrics()}


def test_what_is_now_and_what_was_counted_are_told_apart(plane):
    found = families(plane)

    assert found["salver_queued_rows"] == MetricFamily("salver_queued_rows", "gauge", (), (Series((), 0),))
    assert found["salver_dead_requests_total"].kind == "counter"
    assert found["/tensorflow/serving/request_count"].series == ()


def test_draining_is_seen(plane):
    plane.begin_drain()

    assert families(plane)["salver_draining"].series == (Series((), 1),)


def test_a_run_that_succeeds_is_a_sample_and_one_that_fails_is_none(plane, publish, run_batches):
    publish()

    def handle(batch):
        x = batch.inputs()["x"]
        if x[0] < 0:
            batch.fail(Code.INVALID_ARGUMENT, "negative")
        else:
            batch.complete({"y": x})

    run_batches(handle)
    for value in (1.0, 2.0):
        plane.predict("m", {"x": floats(value)})
    with pytest.raises(InvalidArgumentError, match="negative"):
        plane.predict("m", {"x": floats(-1.0)})

    found = families(plane)[RUNTIME]
    (series,) = found.series
    assert (found.kind, found.label_names, series.labels) == (
        "histogram",
        ("model_name", "API", "runtime"),
        ("m", "Predict", "PYTHON"),
    )
    assert (len(series.bucket_counts), sum(series.bucket_counts)) == (len(found.limits) + 1, 2)
