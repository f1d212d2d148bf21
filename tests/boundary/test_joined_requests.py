"""Batches of several requests to a Python servable: what fills them up, how they are cut, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salver.boundary import Batch, BatchingPolicy, DataPlaneOptions, LengthBuckets, ModelRow, TargetSpec
from salver.dataplane import NativeDataPlane
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    SalverError,
    UnavailableError,
)
from salver.servables.servable import CallableServable
from salver.server.runners import BatchRunner
from tests.support import wire
from tests.support.boundary import FLOAT, STRING, WAIT_S, floats, in_thread, signature, wait_until_queued
from tests.support.server_process import open_channel, wait_until

Queue = Callable[..., list[Callable[[], Any]]]


@pytest.fixture
def queue(plane: NativeDataPlane) -> Queue:
    """Queue requests in order; each function returned waits for the answer `y`, or raises the error."""

    def queue(*inputs: Any, **settings: Any) -> list[Callable[[], Any]]:
        num_rows, answers = 0, []
        for x in inputs:
            answers.append(in_thread(lambda x=x: plane.predict("m", {"x": x}, **settings)["y"]))
            num_rows += max(1, len(x))
            wait_until_queued(plane, num_rows)
        return answers

    return queue


def double(batch: Batch) -> None:
    batch.complete({"y": batch.inputs()["x"] * 2})


def served(function: Callable[[Any], Any]) -> CallableServable:
    """A servable whose output is this of its input."""
    return CallableServable(lambda inputs: {"y": function(inputs["x"])}, inputs={}, outputs={})


# --- filled up -------------------------------------------------------------------------------------------------------


def test_python_sees_the_size_that_runs_and_callers_their_own_rows(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8)))
    answers = queue(floats(1), floats(2, 3))
    batch = plane.next_batch(WAIT_S)

    assert (batch.num_rows, batch.num_members, batch.may_join) == (4, 2, True)
    assert batch.inputs()["x"].tolist() == [1, 2, 3, 2]
    double(batch)
    assert [answer().tolist() for answer in answers] == [[2], [4, 6]]


def test_outputs_need_a_row_for_each_that_runs(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8)))
    [answer] = queue(floats(1, 2))
    plane.next_batch(WAIT_S).complete({"y": floats(1, 2)})

    with pytest.raises(FailedPreconditionError, match=r"Output y .* \[2\], expected 4"):
        answer()


def test_requests_without_rows_and_scalars_are_not_filled_up(plane, publish, queue) -> None:
    publish(signature(FLOAT, shape=None), batching=BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8)))
    for x, num_rows in ((floats(), 0), (np.float32(5).reshape(()), 1)):
        answer = in_thread(lambda x=x: plane.predict("m", {"x": x})["y"])
        batch = plane.next_batch(WAIT_S)
        assert (batch.num_rows, batch.may_join, batch.inputs()["x"].shape) == (num_rows, False, x.shape)
        double(batch)
        assert answer().tolist() == (x * 2).tolist()


def test_texts_are_filled_up_and_extended(plane, publish, queue) -> None:
    batching = BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8), pad_variable_length_inputs=True)
    publish(signature(STRING, shape=None), batching=batching)
    texts = [np.array([[b"a", b"b"]], object), np.array([[b"c"], [b"d"]], object)]
    answers = queue(*texts)
    batch = plane.next_batch(WAIT_S)
    x = batch.inputs()["x"]
    batch.complete({"y": x})

    assert x.tolist() == [[b"a", b"b"], [b"c", b"c"], [b"d", b"c"], [b"c", b"c"]]
    assert [answer().tolist() for answer in answers] == [[[b"a", b"b"]], [[b"c", b"c"], [b"d", b"c"]]]


def test_padding_is_counted_by_the_size_that_runs(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(4, 8)))
    for request in (floats(1), floats(1, 2, 3), floats(1, 2, 3, 4, 5)):
        [answer] = queue(request)
        double(plane.next_batch(WAIT_S))
        answer()
    found = {family.name.rpartition("/")[2]: family for family in plane.metrics() if "batching_session" in family.name}

    padding = {series.labels: (series.value, sum(series.bucket_counts)) for series in found["padding_size"].series}
    assert padding == {("4",): (3 + 1, 2), ("8",): (3, 1)}
    [processed] = found["processed_batch_size"].series
    assert (processed.value, sum(processed.bucket_counts)) == (4 + 4 + 8, 3)


def test_without_allowed_sizes_no_padding_is_counted(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8))
    [answer] = queue(floats(1))
    double(plane.next_batch(WAIT_S))
    answer()

    assert [list(family.series) for family in plane.metrics() if family.name.endswith("/padding_size")] == [[]]


# --- lengths ---------------------------------------------------------------------------------------------------------


def row(*values: float) -> Any:
    """A float32 matrix of one row."""
    return floats(*values).reshape(1, -1)


def test_other_lengths_are_extended_or_run_apart(plane, publish, queue) -> None:
    publish(signature(FLOAT, shape=None), batching=BatchingPolicy(max_batch_size=8, pad_variable_length_inputs=True))
    joined = queue(row(1), row(2, 3, 4))
    batch = plane.next_batch(WAIT_S)
    assert batch.inputs()["x"].tolist() == [[1, 1, 1], [2, 3, 4]]
    double(batch)
    assert [answer().tolist() for answer in joined] == [[[2, 2, 2]], [[4, 6, 8]]]

    publish(signature(FLOAT, shape=None), batching=BatchingPolicy(max_batch_size=8))
    apart = queue(row(1), row(2, 3, 4))
    for _ in apart:
        double(plane.next_batch(WAIT_S))
    assert [answer().tolist() for answer in apart] == [[[2]], [[4, 6, 8]]]


def test_length_buckets_keep_short_and_long_apart(plane, publish, queue) -> None:
    batching = BatchingPolicy(
        max_batch_size=8, pad_variable_length_inputs=True, length_buckets=(LengthBuckets(limits=(2, 4)),)
    )
    publish(signature(FLOAT, shape=None), batching=batching)
    answers = queue(*(row(*range(1, length + 1)) for length in (1, 4, 2, 3, 9)))
    shapes = []
    for _ in range(3):
        batch = plane.next_batch(WAIT_S)
        shapes.append(batch.inputs()["x"].shape)
        double(batch)
    for answer in answers:
        answer()

    assert sorted(shapes) == [(1, 9), (2, 2), (2, 4)]


# --- failures --------------------------------------------------------------------------------------------------------


def no_negatives(x: Any) -> Any:
    if (x < 0).any():
        raise InvalidArgumentError("a negative value")
    return x * 2


def test_a_bad_request_fails_alone(plane, publish, queue) -> None:
    publish(servable=served(no_negatives), batching=BatchingPolicy(max_batch_size=8))
    good, bad, other = queue(floats(1), floats(-2), floats(3, 4))
    BatchRunner().handle(plane.next_batch(WAIT_S))

    assert (good().tolist(), other().tolist()) == ([2], [6, 8])
    with pytest.raises(InvalidArgumentError, match="a negative value"):
        bad()


def test_members_are_filled_up_when_they_run_alone(plane, publish, queue) -> None:
    sizes = []

    def run(x: Any) -> Any:
        sizes.append(len(x))
        return no_negatives(x)

    publish(servable=served(run), batching=BatchingPolicy(max_batch_size=8, allowed_batch_sizes=(2, 8)))
    answers = queue(floats(1), floats(-2), floats(3, 4))
    BatchRunner().handle(plane.next_batch(WAIT_S))

    assert sizes == [8, 2, 2, 2]
    assert answers[0]().tolist() == [2]
    assert answers[2]().tolist() == [6, 8]


@pytest.mark.parametrize("error", [DeadlineExceededError, UnavailableError])
def test_a_failure_of_all_alike_is_not_run_again(plane, publish, queue, error) -> None:
    runs = []

    def fail(x: Any) -> Any:
        runs.append(len(x))
        raise error("for all")

    publish(servable=served(fail), batching=BatchingPolicy(max_batch_size=8))
    answers = queue(floats(1), floats(2))
    BatchRunner().handle(plane.next_batch(WAIT_S))

    for answer in answers:
        with pytest.raises(error, match="for all"):
            answer()
    assert runs == [2]


def test_members_that_nobody_waits_for_do_not_run_again(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8))
    patient = in_thread(lambda: plane.predict("m", {"x": floats(1)})["y"])
    wait_until_queued(plane, 1)
    hasty = in_thread(lambda: plane.predict("m", {"x": floats(2)}, timeout_s=0.3)["y"])
    wait_until_queued(plane, 2)
    batch = plane.next_batch(WAIT_S)
    with pytest.raises(DeadlineExceededError):
        hasty()
    members = batch.split_members()

    assert [member.inputs()["x"].tolist() for member in members] == [[1]]
    double(members[0])
    assert patient().tolist() == [2]
    with pytest.raises(Exception, match="answered already"):
        batch.fail(13, "it has ended")


def test_a_member_that_is_dropped_answers_internal(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8))
    answers = queue(floats(1), floats(2))
    first, second = plane.next_batch(WAIT_S).split_members()
    double(first)
    del second

    assert answers[0]().tolist() == [2]
    with pytest.raises(SalverError, match="dropped"):
        answers[1]()


# --- time and criticality --------------------------------------------------------------------------------------------


def test_a_batch_has_as_long_as_its_most_patient_member(plane, publish) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8))
    for limits, want in (((1.0, WAIT_S), WAIT_S), ((1.0, None), None)):
        answers = []
        for number, limit in enumerate(limits):
            answers.append(in_thread(lambda limit=limit: plane.predict("m", {"x": floats(1)}, timeout_s=limit)))
            wait_until_queued(plane, number + 1)
        batch = plane.next_batch(WAIT_S)
        left = batch.timeout_s
        double(batch)
        for answer in answers:
            answer()
        assert left is None if want is None else 1.0 < left <= want


@contextmanager
def calls_to(plane: NativeDataPlane) -> Iterator[Callable[..., grpc.Future]]:
    """Begin Predict calls over gRPC."""
    with open_channel(f"127.0.0.1:{plane.listen_grpc('127.0.0.1', 0)}") as channel:
        predict = channel.unary_unary(wire.PREDICT)
        request = wire.predict_request(wire.Spec("m"), {"x": wire.float_tensor([1.0], [1])})
        yield lambda criticality: predict.future(
            request, timeout=WAIT_S, metadata=(("salver-criticality", criticality),)
        )


def test_a_sheddable_request_gives_way_to_one_that_matters_more(plane, publish) -> None:
    publish(batching=BatchingPolicy(max_batch_size=1, max_queued_rows=1))
    with calls_to(plane) as call:
        sheddable = call("sheddable")
        wait_until_queued(plane, 1)
        critical = call("critical")
        refused = sheddable.exception(WAIT_S)
        assert (refused.code(), "matters more" in refused.details()) == (grpc.StatusCode.UNAVAILABLE, True)

        late = call("sheddable_plus").exception(WAIT_S)
        assert late.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

        double(plane.next_batch(WAIT_S))
        assert wire.parse_predict_reply(critical.result(WAIT_S)).outputs["y"].tolist() == [2]


def counts(plane: NativeDataPlane) -> dict[str, int]:
    names = {"salver_dead_requests_total", "salver_refused_requests_total", "salver_batched_requests_total"}
    return {family.name: family.series[0].value for family in plane.metrics() if family.name in names}


def test_the_dead_and_the_refused_are_counted_apart(plane, publish, queue) -> None:
    publish(batching=BatchingPolicy(max_batch_size=8, max_queued_rows=3))
    with pytest.raises(DeadlineExceededError):
        plane.predict("m", {"x": floats(1)}, timeout_s=0.05)
    [waits] = queue(floats(1, 2))
    with pytest.raises(SalverError, match="full"):
        plane.predict("m", {"x": floats(1, 2)})
    double(plane.next_batch(WAIT_S))
    waits()

    want = {"salver_dead_requests_total": 1, "salver_refused_requests_total": 1, "salver_batched_requests_total": 1}
    wait_until(lambda: counts(plane) == want, WAIT_S, f"{want}, got {counts(plane)}")


# --- all of it at random ---------------------------------------------------------------------------------------------

policies = st.builds(
    BatchingPolicy,
    max_batch_size=st.just(8),
    allowed_batch_sizes=st.sampled_from([(), (8,), (3, 8), (1, 2, 4, 8)]),
    pad_variable_length_inputs=st.booleans(),
    length_buckets=st.sampled_from([(), (LengthBuckets(limits=(2,)),)]),
)
requests = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policies, requests)
def test_every_caller_gets_exactly_its_rows(policy, requests) -> None:
    plane = NativeDataPlane(DataPlaneOptions())
    servable = served(no_negatives)
    spec = TargetSpec(name="m", version=1, signatures=(signature(shape=None),), servable=servable, batching=policy)
    plane.publish([ModelRow("m", [plane.new_target(spec)])])
    inputs = [
        np.arange(1 + 100 * number, 1 + 100 * number + rows * length, dtype=np.float32).reshape(rows, length)
        * (-1 if is_bad else 1)
        for number, (rows, length, is_bad) in enumerate(requests)
    ]
    try:
        answers = [in_thread(lambda x=x: plane.predict("m", {"x": x})["y"]) for x in inputs]
        runner = BatchRunner()
        wait_until_queued(plane, sum(max(1, len(x)) for x in inputs))
        # Some may be held back for company, for a part of the time of a run.
        while (batch := plane.next_batch(0.05)) is not None:
            assert (
                batch.num_rows == 0 or policy.allowed_batch_sizes == () or batch.num_rows in policy.allowed_batch_sizes
            )
            runner.handle(batch)
        for x, answer, (rows, length, is_bad) in zip(inputs, answers, requests, strict=True):
            if is_bad and rows:
                with pytest.raises(InvalidArgumentError):
                    answer()
            else:
                y = answer()
                assert y.shape[0] == rows
                assert y[:, :length].tolist() == (x * 2).tolist()
    finally:
        plane.stop()
