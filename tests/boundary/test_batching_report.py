"""What came of batching, told by signature: counts of real batches are exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    BatchSizeCount,
    DataPlaneOptions,
    MetricFamily,
    ModelRow,
    Series,
    TargetSpec,
)
from salver.dataplane import NativeDataPlane
from salver.errors import ResourceExhaustedError
from tests.support.boundary import WAIT_S, floats, in_thread, signature, wait_until_queued

POLICY = BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8))
PREFIX = "salver_batching_"


def answer(batch) -> None:
    batch.complete({"y": batch.inputs()["x"]})


def queue_rows(plane, *sizes: int) -> list[Callable[[], Any]]:
    """Send one request of so many rows each, one after the other."""
    waiting, num_rows = [], 0
    for size in sizes:
        waiting.append(in_thread(lambda size=size: plane.predict("m", {"x": np.zeros(size, np.float32)})))
        num_rows += size
        wait_until_queued(plane, num_rows)
    return waiting


def run_all(plane, *sizes: int) -> None:
    """Have requests of these sizes leave as one batch."""
    waiting = queue_rows(plane, *sizes)
    answer(plane.next_batch(WAIT_S))
    for result in waiting:
        result()


def families(plane) -> dict[str, MetricFamily]:
    found = {family.name: family for family in plane.metrics()}
    return {name.removeprefix(PREFIX): family for name, family in found.items() if name.startswith(PREFIX)}


def only(plane) -> BatchingReport:
    (report,) = plane.batching_report()
    return report


def test_a_signature_that_nobody_asked_for_is_told_of_without_figures(plane, publish):
    publish(batching=POLICY)

    assert plane.batching_report() == (
        BatchingReport(model="m", version=1, signature="serving_default", policy=POLICY),
    )
    assert plane.batching_report("other") == ()


def test_counts_are_those_of_the_batches_that_left(plane, publish):
    publish(batching=POLICY)

    run_all(plane, 1, 2)
    run_all(plane, 2, 3)

    report = only(plane)
    assert (report.num_batches, report.num_requests, report.num_rows) == (2, 4, 8)
    assert report.num_padding_rows == 1 + 3, "3 rows were filled up to 4, and 5 to 8"
    assert report.departures == {"idle_runner": 2}
    assert report.batch_sizes == (BatchSizeCount(4, 1), BatchSizeCount(8, 1))
    assert report.refusals == {}
    assert (report.num_queued_rows, report.num_in_flight) == (0, 0)
    assert report.rows_per_s > 0


def test_times_of_waits_and_runs_ascend_with_their_quantiles(plane, publish):
    publish(batching=POLICY)

    run_all(plane, 1, 2)

    report = only(plane)
    for quantiles in (report.wait, report.run):
        assert quantiles is not None
        assert 0 <= quantiles.p50_s <= quantiles.p90_s <= quantiles.p99_s < WAIT_S


def test_what_waits_and_what_runs_is_told_while_it_does(plane, publish):
    publish(batching=POLICY)
    waiting = queue_rows(plane, 2)
    batch = plane.next_batch(WAIT_S)
    waiting += [in_thread(lambda: plane.predict("m", {"x": floats(1, 2, 3)}))]
    wait_until_queued(plane, 3)

    report = only(plane)
    assert (report.num_in_flight, report.num_queued_rows) == (1, 3)
    found = families(plane)
    labels = ("m", "1", "serving_default")
    assert found["in_flight_batches"].series == (Series(labels, 1),)
    assert found["queued_rows"].series == (Series(labels, 3),)

    answer(batch)
    answer(plane.next_batch(WAIT_S))
    for result in waiting:
        result()


def test_refusals_are_counted_by_reason(plane, publish):
    publish(batching=BatchingPolicy(max_batch_size=8, max_queued_rows=2))
    waiting = queue_rows(plane, 2)

    with pytest.raises(ResourceExhaustedError):
        plane.predict("m", {"x": floats(1)})

    assert only(plane).refusals == {"queue_full": 1}
    assert families(plane)["refusals_total"].series == (Series(("m", "1", "serving_default", "queue_full"), 1),)
    answer(plane.next_batch(WAIT_S))
    for result in waiting:
        result()


def test_the_policy_is_the_one_in_force(plane, publish):
    target = publish(batching=POLICY)

    target.set_batching(BatchingPolicy(max_batch_size=2))

    assert only(plane).policy == BatchingPolicy(max_batch_size=2)


def test_reports_come_by_model_version_and_signature(plane):
    def target(name: str, version: int) -> Any:
        signatures = (signature(name="b"), signature(name="a"))
        return plane.new_target(TargetSpec(name=name, version=version, signatures=signatures, servable="s"))

    plane.publish([ModelRow("z", [target("z", 1)]), ModelRow("m", [target("m", 10), target("m", 9)])])

    found = [(report.model, report.version, report.signature) for report in plane.batching_report()]
    assert found == [(name, version, key) for name, version in [("m", 9), ("m", 10), ("z", 1)] for key in "ab"]


def test_metrics_tell_the_same(plane, publish):
    publish(batching=POLICY)

    run_all(plane, 1, 2)

    found, labels = families(plane), ("m", "1", "serving_default")
    assert found["batches_total"].series == (Series((*labels, "idle_runner"), 1),)
    assert found["requests_total"].series == (Series(labels, 2),)
    assert found["rows_total"].series == (Series(labels, 3),)
    assert found["padding_rows_total"].series == (Series(labels, 1),)
    (sizes,) = found["batch_rows"].series
    assert (sizes.value, sizes.bucket_counts[:4]) == (3, (0, 0, 1, 0)), "three rows are below the limit 5"
    for name, num_samples in (("wait_microseconds", 2), ("run_microseconds", 1)):
        (series,) = found[name].series
        assert sum(series.bucket_counts) == num_samples


def test_series_of_a_version_leave_with_it_and_models_that_do_not_batch_have_none(plane, publish):
    publish(batching=POLICY)
    run_all(plane, 1)
    assert families(plane)["rows_total"].series != ()

    plane.publish([])
    assert {name: family.series for name, family in families(plane).items() if family.series} == {}

    publish(batching=BatchingPolicy(max_batch_size=1))
    run_all(plane, 1)
    assert {name: family.series for name, family in families(plane).items() if family.series} == {}


def test_many_idle_models_have_no_series():
    plane = NativeDataPlane(DataPlaneOptions())
    try:
        rows = []
        for number in range(200):
            name = f"m{number}"
            spec = TargetSpec(name=name, version=1, signatures=(signature(),), servable="s", batching=POLICY)
            rows.append(ModelRow(name, [plane.new_target(spec)]))
        plane.publish(rows)

        assert all(family.series == () for family in families(plane).values())
        assert len(plane.batching_report()) == 200
    finally:
        plane.stop()
