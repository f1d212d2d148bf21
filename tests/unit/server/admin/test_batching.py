import json

import pytest

from salver.boundary import BatchingPolicy, BatchingReport, BatchSizeCount, CurvePoint, ModelRow, Quantiles, TargetSpec
from salver.errors import NotFoundError
from salver.server.admin.batching import BatchingReports
from salver.server.admin.router import AdminRequest
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane

NAMES = frozenset({"ranker", "tagger", "waiting"})


@pytest.fixture
def plane():
    plane = FakeDataPlane()
    rows = [("tagger", [1]), ("ranker", [2, 10])]
    plane.publish(
        [
            ModelRow(name, [plane.new_target(TargetSpec(name=name, version=version)) for version in versions])
            for name, versions in rows
        ]
    )
    kept = [("tagger", 1, "b"), ("tagger", 1, "a"), ("ranker", 10, "a"), ("ranker", 2, "a"), ("ranker", 1, "gone")]
    plane.reports = [report(*key) for key in kept]
    return plane


def report(model, version, signature, **fields):
    return BatchingReport(model=model, version=version, signature=signature, policy=BatchingPolicy(), **fields)


def ask(plane, model=None):
    reports, call = BatchingReports(plane, lambda: NAMES), FakeControlCall.admin("GET", "/")
    answer = (
        reports.all(AdminRequest(call)) if model is None else reports.of_model(AdminRequest(call, {"model": model}))
    )
    assert (answer.status, answer.headers) == (200, (("content-type", "application/json"),))
    return json.loads(answer.body)["batching"]


def keys(documents):
    return [(item["model"], item["version"], item["signature"]) for item in documents]


def test_all_models_that_serve_are_told_in_order(plane):
    assert keys(ask(plane)) == [("ranker", 2, "a"), ("ranker", 10, "a"), ("tagger", 1, "a"), ("tagger", 1, "b")]


def test_one_model_is_told_alone(plane):
    assert keys(ask(plane, "tagger")) == [("tagger", 1, "a"), ("tagger", 1, "b")]


def test_model_that_does_not_serve_yet_has_nothing_to_tell(plane):
    assert ask(plane, "waiting") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("rankr", "There is no model rankr; did you mean ranker?"), ("zzz", "There is no model zzz")],
)
def test_unknown_model_names_the_nearest(plane, name, message):
    with pytest.raises(NotFoundError) as caught:
        ask(plane, name)
    assert caught.value.message == message


def test_report_is_told_field_for_field(plane):
    plane.reports = [
        report(
            "tagger",
            1,
            "a",
            departures={"full": 3},
            num_rows=5,
            batch_sizes=(BatchSizeCount(4, 3),),
            wait=Quantiles(0.1, 0.2, 0.3),
            curve=(CurvePoint(8, 0.01, 0.02, 7),),
        )
    ]
    (document,) = ask(plane)
    assert set(document) == {*BatchingReport.__dataclass_fields__, "mode"}
    assert document["departures"] == {"full": 3}
    assert document["batch_sizes"] == [{"max_rows": 4, "num_batches": 3}]
    assert document["wait"] == {"p50_s": 0.1, "p90_s": 0.2, "p99_s": 0.3}
    assert document["run"] is None
    assert document["curve"] == [{"rows": 8, "p50_s": 0.01, "p90_s": 0.02, "samples": 7}]
    assert document["policy"]["max_batch_size"] == 1000


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        (BatchingPolicy(), "adaptive"),
        (BatchingPolicy(is_adaptive=False), "static"),
        (BatchingPolicy(max_batch_size=1), "off"),
        (BatchingPolicy(max_batch_size=1, is_adaptive=False), "off"),
    ],
)
def test_mode_follows_from_the_policy(plane, policy, mode):
    plane.reports = [BatchingReport(model="tagger", version=1, signature="a", policy=policy)]
    assert [item["mode"] for item in ask(plane)] == [mode]
