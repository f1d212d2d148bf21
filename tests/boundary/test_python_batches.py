"""Batches of Python servables: what a runner gets, and what its caller gets back."""

from __future__ import annotations

import gc
import threading
from contextlib import suppress

import numpy as np
import pytest

from salver.boundary import BatchingPolicy
from salver.errors import (
    Code,
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from tests.support.boundary import FLOAT, INT64, STRING, WAIT_S, floats, in_thread, signature, wait_until_queued


def double(batch) -> None:
    batch.complete({"y": batch.inputs()["x"] * 2})


# --- what the runner gets --------------------------------------------------------------------------------------------


def test_a_batch_carries_the_servable_itself(plane, publish, run_batches) -> None:
    servable, seen = object(), []
    publish(servable=servable)

    def handle(batch) -> None:
        seen.append((batch.servable, batch.signature, batch.num_rows, batch.output_names, batch.is_cancelled))
        double(batch)

    run_batches(handle)
    answer = plane.predict("m", {"x": floats(1, 2, 3)})

    assert answer["y"].tolist() == [2, 4, 6]
    assert seen == [(servable, "serving_default", 3, ["y"], False)]
    assert seen[0][0] is servable


def test_inputs_are_read_only_views(plane, publish, run_batches) -> None:
    publish()
    flags = []

    def handle(batch) -> None:
        x = batch.inputs()["x"]
        flags.append((x.flags.writeable, x.flags.owndata, x.flags.c_contiguous, x.dtype, x.shape))
        with pytest.raises(ValueError, match="read-only"):
            x[0] = 7
        double(batch)

    runner = run_batches(handle)
    plane.predict("m", {"x": floats(1, 2)})

    assert flags == [(False, False, True, np.dtype(np.float32), (2,))]
    assert runner.errors == []


def test_inputs_may_outlive_their_batch(plane, publish, run_batches) -> None:
    publish()
    kept = []

    def handle(batch) -> None:
        kept.append(batch.inputs()["x"])
        double(batch)

    run_batches(handle)
    for number in range(50):
        plane.predict("m", {"x": np.full(1000, number, np.float32)})
    gc.collect()

    assert [view[0] for view in kept] == list(range(50))
    assert all((view == view[0]).all() for view in kept)


def test_strings_are_object_arrays_of_bytes(plane, publish, run_batches) -> None:
    publish(signature(STRING))
    seen = []

    def handle(batch) -> None:
        seen.append(batch.inputs()["x"])
        batch.complete({"y": batch.inputs()["x"][::-1]})

    run_batches(handle)
    answer = plane.predict("m", {"x": np.array([b"one", b"\xff\x00", b""], object)})

    assert seen[0].dtype == object
    assert answer["y"].tolist() == [b"", b"\xff\x00", b"one"]


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 1, 1, 5), (4, 0)])
def test_shapes_are_kept(plane, publish, run_batches, shape) -> None:
    publish(signature(INT64, shape=None))
    run_batches(double)
    given = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)

    answer = plane.predict("m", {"x": given})["y"]

    assert answer.shape == shape
    assert (answer == given * 2).all()


def test_outputs_of_any_layout_are_taken(plane, publish, run_batches) -> None:
    publish(signature(FLOAT, shape=None))
    run_batches(lambda batch: batch.complete({"y": batch.inputs()["x"].T[::-1]}))
    given = np.arange(6, dtype=np.float32).reshape(2, 3)

    assert plane.predict("m", {"x": given})["y"].tolist() == given.T[::-1].tolist()


def test_requests_that_wait_are_joined_up_to_the_limit(plane, publish, run_batches) -> None:
    publish(batching=BatchingPolicy(is_adaptive=False, max_batch_size=8))
    sizes, entered, go_on = [], threading.Event(), threading.Event()

    def handle(batch) -> None:
        sizes.append(batch.num_rows)
        entered.set()
        assert go_on.wait(WAIT_S)
        double(batch)

    run_batches(handle)
    first = in_thread(lambda: plane.predict("m", {"x": floats(0)}))
    assert entered.wait(WAIT_S)
    waiting = [in_thread(lambda n=n: plane.predict("m", {"x": floats(n, n)})) for n in range(1, 7)]
    wait_until_queued(plane, 12)
    go_on.set()

    assert first()["y"].tolist() == [0]
    assert [answer()["y"].tolist() for answer in waiting] == [[2 * n, 2 * n] for n in range(1, 7)]
    assert sum(sizes) == 13
    assert max(sizes) == 8


def test_without_batching_every_request_is_a_batch(plane, publish, run_batches) -> None:
    publish()
    sizes = []

    def handle(batch) -> None:
        sizes.append(batch.num_rows)
        double(batch)

    run_batches(handle)
    answers = [in_thread(lambda n=n: plane.predict("m", {"x": floats(n)})) for n in range(10)]

    assert [answer()["y"].tolist() for answer in answers] == [[2 * n] for n in range(10)]
    assert sizes == [1] * 10


# --- what the caller gets --------------------------------------------------------------------------------------------


def test_a_dropped_batch_answers_internal(plane, publish, run_batches) -> None:
    publish()
    run_batches(lambda batch: None)

    with pytest.raises(InternalError):
        plane.predict("m", {"x": floats(1)})


def test_a_batch_dropped_by_an_exception_answers_internal(plane, publish, run_batches) -> None:
    publish()

    def handle(batch) -> None:
        raise RuntimeError("no")

    runner = run_batches(handle)
    with pytest.raises(InternalError) as raised:
        plane.predict("m", {"x": floats(1)})
    assert "Traceback" not in raised.value.message
    assert [str(error) for error in runner.errors] == ["no"]


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK], ids=lambda code: code.name)
def test_fail_answers_with_code_and_message(plane, publish, run_batches, code) -> None:
    publish()
    run_batches(lambda batch: batch.fail(int(code), "a reason: ü"))

    with pytest.raises(Exception, match="a reason: ü") as raised:
        plane.predict("m", {"x": floats(1)})
    assert raised.value.code is code


@pytest.mark.parametrize(
    "outputs",
    [
        {},
        {"z": floats(1)},
        {"y": "text"},
        {"y": np.array([object()])},
        {"y": np.array(["2026-01-01"], "M8[D]")},
        None,
    ],
    ids=["nothing", "unknown-name", "text", "objects", "dates", "no-mapping"],
)
def test_outputs_that_cannot_be_sent_are_an_error_for_both_sides(plane, publish, run_batches, outputs) -> None:
    publish()
    runner = run_batches(lambda batch: batch.complete(outputs))

    with pytest.raises(InternalError):
        plane.predict("m", {"x": floats(1)})
    assert len(runner.errors) == 1


def test_a_batch_is_answered_once(plane, publish, run_batches) -> None:
    publish()

    def handle(batch) -> None:
        double(batch)
        batch.fail(13, "too late")

    run_batches(handle)

    assert plane.predict("m", {"x": floats(4)})["y"].tolist() == [8]


def test_unknown_names_are_not_found(plane, publish) -> None:
    publish()

    with pytest.raises(NotFoundError, match=r"Servable not found for request: Latest\(other\)"):
        plane.predict("other", {"x": floats(1)})
    with pytest.raises(NotFoundError, match=r"Servable not found for request: Specific\(m, 7\)"):
        plane.predict("m", {"x": floats(1)}, version=7)
    with pytest.raises(InvalidArgumentError, match="canary"):
        plane.predict("m", {"x": floats(1)}, label="canary")


def test_inputs_are_checked_before_they_are_queued(plane, publish) -> None:
    publish()

    with pytest.raises(InvalidArgumentError, match="x"):
        plane.predict("m", {})
    with pytest.raises(InvalidArgumentError, match="z"):
        plane.predict("m", {"x": floats(1), "z": floats(1)})


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_request_past_its_time_never_runs(plane, publish) -> None:
    publish()

    with pytest.raises(DeadlineExceededError):
        plane.predict("m", {"x": floats(1)}, timeout_s=0.05)

    assert plane.next_batch(0.05) is None


def test_a_batch_knows_the_time_left(plane, publish, run_batches) -> None:
    publish()
    seen = []

    def handle(batch) -> None:
        seen.append(batch.timeout_s)
        double(batch)

    run_batches(handle)
    plane.predict("m", {"x": floats(1)}, timeout_s=WAIT_S)
    plane.predict("m", {"x": floats(1)})

    assert 0 < seen[0] <= WAIT_S
    assert seen[1] is None


def test_a_batch_knows_when_nobody_waits_any_more(plane, publish, run_batches) -> None:
    publish()
    seen, entered, go_on = [], threading.Event(), threading.Event()

    def handle(batch) -> None:
        entered.set()
        assert go_on.wait(WAIT_S)
        seen.append(batch.is_cancelled)

    runner = run_batches(handle)
    with pytest.raises(DeadlineExceededError):
        plane.predict("m", {"x": floats(1)}, timeout_s=0.2)
    assert entered.is_set()
    go_on.set()
    runner.stop()

    assert seen == [True]


def test_next_batch_ends_after_its_time(plane, publish) -> None:
    publish()

    assert plane.next_batch(0.0) is None
    assert plane.next_batch(0.01) is None


def test_waiting_does_not_hold_the_interpreter(plane) -> None:
    waiting = in_thread(lambda: plane.next_batch(1.0))
    counted = sum(1 for _ in range(1000))

    assert counted == 1000
    assert waiting() is None


# --- table and pins --------------------------------------------------------------------------------------------------


def test_a_request_pins_its_version_until_it_is_answered(plane, publish, run_batches) -> None:
    target = publish()
    entered, go_on = threading.Event(), threading.Event()

    def handle(batch) -> None:
        entered.set()
        assert go_on.wait(WAIT_S)
        double(batch)

    run_batches(handle)
    answer = in_thread(lambda: plane.predict("m", {"x": floats(1)}))
    assert entered.wait(WAIT_S)

    plane.publish([])

    assert target.num_pins == 1
    assert not target.wait_until_released(0.05)
    with pytest.raises(NotFoundError):
        plane.predict("m", {"x": floats(1)})
    go_on.set()
    assert answer()["y"].tolist() == [2]
    assert target.wait_until_released(WAIT_S)
    assert target.num_pins == 0


def test_a_servable_is_let_go_with_its_target(plane, publish) -> None:
    import weakref

    class Thing:
        pass

    thing = Thing()
    gone = weakref.ref(thing)
    target = publish(servable=thing)
    plane.publish([])
    del thing, target
    gc.collect()

    assert gone() is None


# --- the end ---------------------------------------------------------------------------------------------------------


def test_stop_wakes_waiting_runners(plane) -> None:
    waiting = [in_thread(lambda: plane.next_batch(WAIT_S)), in_thread(lambda: plane.next_call(WAIT_S))]

    plane.stop()

    assert [result() for result in waiting] == [None, None]


def test_stop_answers_requests_that_wait(plane, publish) -> None:
    publish()
    answer = in_thread(lambda: plane.predict("m", {"x": floats(1)}))
    wait_until_queued(plane, 1)

    plane.stop()

    with pytest.raises(UnavailableError):
        answer()


def test_a_batch_may_be_completed_after_stop(plane, publish) -> None:
    publish()
    answer = in_thread(lambda: plane.predict("m", {"x": floats(1)}))
    batch = plane.next_batch(WAIT_S)
    plane.stop()
    double(batch)

    with suppress(UnavailableError):  # whichever came first; what counts is that the caller is not left waiting
        assert answer()["y"].tolist() == [2]


def test_stop_is_idempotent_and_nothing_runs_after_it(plane, publish) -> None:
    publish()
    plane.stop()
    plane.stop()

    assert plane.next_batch(0.0) is None
    with pytest.raises(UnavailableError):
        plane.predict("m", {"x": floats(1)})


def test_a_full_queue_refuses(plane, publish) -> None:
    publish(batching=BatchingPolicy(max_batch_size=1, max_queued_rows=2))
    waiting = [in_thread(lambda: plane.predict("m", {"x": floats(1)})) for _ in range(2)]
    wait_until_queued(plane, 2)

    with pytest.raises(ResourceExhaustedError, match="m"):
        plane.predict("m", {"x": floats(1)}, timeout_s=WAIT_S)

    for _ in waiting:
        double(plane.next_batch(WAIT_S))
    assert [answer()["y"].tolist() for answer in waiting] == [[2], [2]]


def test_another_policy_holds_for_requests_that_come(plane, publish) -> None:
    target = publish(batching=BatchingPolicy(max_batch_size=1))
    waiting = [in_thread(lambda: plane.predict("m", {"x": floats(1)}))]
    wait_until_queued(plane, 1)
    target.set_batching(BatchingPolicy(max_batch_size=1, max_queued_rows=1))

    with pytest.raises(ResourceExhaustedError, match="m"):
        plane.predict("m", {"x": floats(1)}, timeout_s=WAIT_S)

    double(plane.next_batch(WAIT_S))
    assert [answer()["y"].tolist() for answer in waiting] == [[2]]
