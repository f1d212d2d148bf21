import pytest

from salver.boundary import BatchingPolicy, BatchingReport, BatchSizeCount, CurvePoint, Quantiles
from salver.ctl.batching_advice import advice

OFF = BatchingPolicy(max_batch_size=1)
STATIC = BatchingPolicy(is_adaptive=False, max_batch_size=32, batch_timeout_s=0.001)
SLOW, FAST = Quantiles(0.2, 0.3, 0.4), Quantiles(0.1, 0.2, 0.3)


def advised(policy=None, **fields):
    usual = {"num_batches": 1000, "num_requests": 4000, "num_rows": 16_000}
    return advice(
        BatchingReport(model="m", version=1, signature="s", policy=policy or BatchingPolicy(), **{**usual, **fields})
    )


def curve(*points):
    return tuple(CurvePoint(rows, p50_s, p50_s, 9) for rows, p50_s in points)


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (
            {"departures": {"idle_runner": 900, "full": 100}, "batch_sizes": (BatchSizeCount(1, 900),)},
            "9 of 10 batches left with one row because a runner was idle: no load to batch.",
        ),
        ({"refusals": {"queue_full": 400}}, "9 % of the requests found no room in the queue"),
        ({"refusals": {"late": 4000}}, "50 % of the requests were refused because they could not meet their deadline"),
        ({"policy": OFF, "wait": SLOW, "run": FAST}, "Requests wait longer than they run: with batching"),
        (
            {"policy": STATIC, "departures": {"timeout": 1000}, "num_rows": 8000},
            "10 of 10 batches left on the timeout, at a quarter",
        ),
        ({"num_padding_rows": 16_000}, "50 % of the rows that ran were padding"),
        (
            {"departures": {"full": 900}, "curve": curve((8, 0.010), (16, 0.012))},
            "9 of 10 batches left full, and rows/s still grow",
        ),
        (
            {"refusals": {"queue_full": 300}, "num_padding_rows": 16_000},
            "7 % of the requests found no room in the queue",
        ),
    ],
)
def test_what_is_plain_is_said(report, sentence):
    assert advised(**report).startswith(sentence)


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"num_batches": 10, "departures": {"idle_runner": 10}, "batch_sizes": (BatchSizeCount(1, 10),)},
        {"departures": {"idle_runner": 1000}, "batch_sizes": (BatchSizeCount(1, 500), BatchSizeCount(2, 500))},
        {"departures": {"full": 1000}, "batch_sizes": (BatchSizeCount(1, 1000),)},
        {"policy": OFF, "departures": {"idle_runner": 1000}, "batch_sizes": (BatchSizeCount(1, 1000),)},
        {"policy": OFF, "wait": FAST, "run": SLOW},
        {"wait": SLOW, "run": FAST},
        {"refusals": {"queue_full": 10}},
        {"policy": STATIC, "departures": {"timeout": 1000}, "num_rows": 9000},
        {"num_padding_rows": 1000},
        {"departures": {"full": 1000}, "curve": curve((8, 0.010), (16, 0.020))},
        {"departures": {"full": 1000}, "curve": curve((16, 0.020))},
    ],
)
def test_what_is_not_plain_is_not_said(report):
    assert advised(**report) is None
