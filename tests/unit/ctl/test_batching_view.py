from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    BatchSizeCount,
    CurvePoint,
    LengthBuckets,
    Quantiles,
)
from salver.ctl.batching_view import reports_view

BUSY = BatchingReport(
    model="ranker",
    version=3,
    signature="rank",
    policy=BatchingPolicy(max_batch_size=64, latency_slo_s=0.02, max_in_flight_batches=2, weight=2),
    departures={"idle_runner": 300, "full": 700},
    refusals={"queue_full": 1234, "late": 5},
    num_batches=1000,
    num_requests=9000,
    num_rows=30_000,
    num_padding_rows=2000,
    batch_sizes=(BatchSizeCount(1, 20), BatchSizeCount(2, 30), BatchSizeCount(4, 0), BatchSizeCount(64, 950)),
    wait=Quantiles(0.001, 0.0025, 0.01),
    run=Quantiles(0.01, 0.012, 0.02),
    num_in_flight=2,
    num_queued_rows=1,
    curve=(CurvePoint(1, 0.0005, 0.0006, 20), CurvePoint(64, 0.01, 0.012, 1900)),
    rows_per_s=5432.1,
)
SHOWN = """\
ranker version 3  rank
  adaptive: up to 64 rows a batch; 99 of 100 requests within 20 ms; at most 2 in flight; weight 2
  now       2 in flight, 1 row waiting
  drains    5,432 rows/s
  batches   1,000 of 9,000 requests, 30 rows each
  left      full 70 %, idle runner 30 %
  rows      1: 2 %, 2: 3 %, 5-64: 95 %
  padding   6 % of all rows
  refused   queue full 1,234, late 5

           p50      p90     p99
  wait    1 ms   2.5 ms   10 ms
  run    10 ms    12 ms   20 ms

  rows   run p50   run p90   rows/s   samples
     1    500 us    600 us    2,000        20
    64     10 ms     12 ms    6,400     1,900

  12 % of the requests found no room in the queue: more load comes than this model can take here.
"""


def shown(*reports):
    console = Console(file=StringIO(), width=120, highlight=False)
    console.print(reports_view(reports))
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def header(**policy):
    report = BatchingReport(model="m", version=1, signature="s", policy=BatchingPolicy(**policy))
    return shown(report).splitlines()[1].strip()


def test_a_busy_model():
    assert shown(BUSY) == SHOWN


def test_a_model_that_nobody_asked_shows_no_empty_tables():
    idle = BatchingReport(model="m", version=1, signature="s", policy=BatchingPolicy(max_batch_size=1))
    assert shown(idle) == (
        "m version 1  s\n"
        "  off: requests run one by one\n"
        "  now       0 in flight, 0 rows waiting\n"
        "  drains    0 rows/s\n"
        "  batches   0 of 0 requests\n"
    )


def test_several_are_kept_apart():
    assert shown(BUSY, BUSY) == f"{SHOWN}\n{SHOWN}"


def test_none_is_said():
    assert shown() == "No version serves.\n"


def test_names_are_no_markup():
    assert shown(BatchingReport(model="[red]m", version=1, signature="[b]", policy=BatchingPolicy())).startswith(
        "[red]m version 1  [b]\n"
    )


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({}, "adaptive: up to 1,000 rows a batch"),
        (
            {"is_adaptive": False, "batch_timeout_s": 0.0015, "allowed_batch_sizes": (8, 1000)},
            "static: up to 1,000 rows a batch; timeout 1.5 ms; 10 batches may wait; sizes 8, 1000",
        ),
        (
            {"is_adaptive": False, "enable_large_batch_splitting": True},
            "static: up to 1,000 rows a batch; no timeout; 10 batches may wait; large requests are split",
        ),
        (
            {"length_buckets": (LengthBuckets(limits=(8,)),)},
            "adaptive: up to 1,000 rows a batch; requests of like lengths together",
        ),
    ],
)
def test_header_says_what_is_in_force(policy, text):
    assert header(**policy) == text


def test_of_a_long_curve_the_doublings_are_shown():
    curve = tuple(CurvePoint(rows, 0.001, 0.001, 5) for rows in range(1, 61))
    lines = shown(replace(BUSY, curve=curve)).splitlines()
    start = next(index for index, line in enumerate(lines) if "run p50" in line)
    assert [line.split()[0] for line in lines[start + 1 : start + 8]] == ["1", "2", "4", "8", "16", "32", "60"]


def test_lines_end_where_their_text_ends():
    stream = StringIO()
    Console(file=stream, width=120).print(reports_view([BUSY]))
    title, limits, *_ = stream.getvalue().splitlines()
    assert (title, limits) == (title.rstrip(), limits.rstrip())
