import json
from dataclasses import asdict, replace

import pytest

from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    BatchSizeCount,
    CurvePoint,
    LengthBuckets,
    LowPriority,
    Quantiles,
)
from salver.ctl.batching_reports import read_reports
from salver.errors import FailedPreconditionError

REPORT = BatchingReport(
    model="ranker",
    version=3,
    signature="rank",
    policy=BatchingPolicy(
        max_batch_size=32,
        allowed_batch_sizes=(8, 32),
        length_buckets=(LengthBuckets(limits=(16, 64)),),
        low_priority=LowPriority(max_batch_size=8, allowed_batch_sizes=(4, 8)),
    ),
    departures={"full": 2},
    refusals={"late": 1},
    num_batches=2,
    batch_sizes=(BatchSizeCount(8, 2),),
    wait=Quantiles(0.1, 0.2, 0.3),
    curve=(CurvePoint(8, 0.01, 0.02, 7),),
    rows_per_s=2.5,
)


def document(**changes):
    return json.loads(json.dumps({"batching": [{**asdict(REPORT), **changes}]}))


def test_what_was_told_comes_back():
    assert read_reports(document()) == [REPORT]
    assert read_reports(document(wait=None, policy=asdict(BatchingPolicy()))) == [
        replace(REPORT, wait=None, policy=BatchingPolicy())
    ]


def test_fields_of_a_newer_server_are_passed_over():
    given = document(mode="adaptive", mood="good")
    given["batching"][0]["policy"]["colour"] = "red"
    given["batching"][0]["wait"]["p999_s"] = 1.0
    (read,) = read_reports(given)
    assert read.wait == Quantiles(0.1, 0.2, 0.3)


@pytest.mark.parametrize("given", [[], {}, {"batching": [1]}, {"batching": [{}]}, {"batching": 5}, None])
def test_anything_else_is_an_error(given):
    with pytest.raises(FailedPreconditionError, match="not understood"):
        read_reports(given)
