import json
from dataclasses import replace

import pytest

from salver.bench.result import quantile, result_document, result_of
from tests.unit.bench.conftest import report, target_of

OPTIONS = replace(target_of().options([b"one", b"two"]), num_requests=None, duration_s=2.0, warmup_s=2.0)


def result(**fields):
    return result_of(report(OPTIONS, **fields), OPTIONS, [1, 10])


@pytest.mark.parametrize(("part", "seconds"), [(0.0, 1.0), (0.5, 1.0), (0.51, 2.0), (0.9, 2.0), (0.95, 3.0), (1, 3.0)])
def test_quantiles_are_of_the_counts(part, seconds):
    assert quantile(((1.0, 50), (2.0, 40), (3.0, 10)), part) == seconds


def test_no_times_have_no_quantile():
    assert quantile((), 0.99) == 0.0


def test_rates_are_of_what_came_in_the_measured_time_and_rows_go_with_them():
    found = result(answered=100, num_within=80)
    assert (found.requests_per_s, found.num_rows, found.rows_per_s) == (40.0, 50 + 500, 220.0)
    assert found.due_per_s == 50.0


def test_what_failed_or_was_dropped_is_a_share_of_what_was_due():
    found = result(answered=90, failures={"UNAVAILABLE": (4, "away")}, num_dropped=6)
    assert (found.num_failed, found.failed_share) == (4, 0.1)


def test_nothing_at_all_divides_by_nothing():
    found = result(answered=0, measured_s=0.0)
    assert (found.requests_per_s, found.rows_per_s, found.failed_share, found.latency.mean) == (0, 0, 0, 0)


def test_the_generators_own_time_is_counted_without_its_warm_up():
    found = result(busy_s=((0.3, 0.1), (0.5, 0.5)), pacer_busy_s=(0.4, 0.0))
    assert found.generator_cpu_s == pytest.approx(0.8 + 0.2)
    assert found.generator_busy == pytest.approx(0.5)
    assert result().generator_cpu_s is None


@pytest.mark.parametrize(
    ("fields", "warning"),
    [
        ({"busy_s": ((1.5, 0.4),)}, "the load generator was at work or waited for a processor 95% of the time"),
        ({"lags": ((0.0001, 90), (0.020, 10))}, "the load generator handed out requests up to 20 ms late"),
        ({"num_dropped": 7}, "7 requests were due and not sent"),
    ],
)
def test_a_generator_that_is_the_limit_is_told(fields, warning):
    (said,) = result(**fields).warnings
    assert said.startswith(warning)


def test_a_generator_at_ease_is_not_mentioned():
    assert result(busy_s=((0.5, 0.1),), lags=((0.0001, 100),)).warnings == ()


def test_a_document_is_json_with_the_rates():
    document = json.loads(json.dumps(result_document(result(answered=100))))
    assert document["requests_per_s"] == 50.0
    assert document["latency"]["p99"] == 0.005
    assert document["warnings"] == []
