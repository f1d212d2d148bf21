"""The metrics that Python counts."""

from __future__ import annotations

import pytest

from salver.boundary import Series
from salver.server.metrics import LATENCY_LIMITS, Counter, Histogram, Metrics, exponential_limits


def test_a_counter_counts_for_each_set_of_label_values():
    counter = Counter("/c", "model_path", "status")

    counter.add(model_path="/m/1", status="OK")
    counter.add(3, status="OK", model_path="/m/1")
    counter.add(model_path="/m/1", status="NOT_FOUND: no")

    assert set(counter.snapshot().series) == {Series(("/m/1", "OK"), 4), Series(("/m/1", "NOT_FOUND: no"), 1)}


@pytest.mark.parametrize(("sample", "bucket"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (10**9, 3)])
def test_a_sample_on_a_limit_falls_into_the_bucket_above(sample, bucket):
    histogram = Histogram("/h", exponential_limits(1, 2, 3))

    histogram.record(sample)

    (series,) = histogram.snapshot().series
    assert series == Series((), sample, tuple(int(index == bucket) for index in range(4)))


def test_limits_grow_from_one_to_the_next_in_double_precision():
    assert len(LATENCY_LIMITS) == 33
    assert LATENCY_LIMITS[:3] == (10.0, 18.0, 32.4)
    assert f"{LATENCY_LIMITS[-1]:g}" == "1.47476e+09"


def test_missing_and_unknown_labels_are_refused():
    counter = Counter("/c", "model_path")

    with pytest.raises(TypeError, match="/c has the labels model_path, got path"):
        counter.add(path="/m/1")
    with pytest.raises(TypeError, match="/c has the labels model_path"):
        counter.add()


@pytest.mark.parametrize("metric", [Counter("/c", "path"), Histogram("/h", [1], "path")])
def test_the_label_values_that_were_not_used_for_longest_are_forgotten(metric):
    write = metric.add if isinstance(metric, Counter) else metric.record
    for number in range(1000):
        write(1, path=str(number))
    write(1, path="0")
    write(1, path="new")

    paths = {series.labels[0] for series in metric.snapshot().series}
    assert len(paths) == 1000
    assert {"0", "new"} <= paths
    assert "1" not in paths


def test_a_server_has_every_metric_from_the_start():
    names = {family.name: family.label_names for family in Metrics().snapshot()}

    assert names == {
        "/tensorflow/cc/saved_model/load_attempt_count": ("model_path", "status"),
        "/tensorflow/cc/saved_model/load_latency": ("model_path",),
        "/tensorflow/serving/model_warmup_latency": ("model_path", "status"),
        "/tensorflow/serving/model_warmup_records_read": ("model_path", "status"),
        "/tensorflow/serving/request_log_count": ("model_name", "status_code"),
        "salver_request_log_dropped_total": ("model_name",),
        "salver_journal_dropped_total": (),
        "salver_traces_dropped_total": (),
    }
