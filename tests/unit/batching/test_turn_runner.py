"""A turn answers all its calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.batching.calls import FutureCall
from salver.batching.items import ListForm
from salver.batching.turn_runner import TurnRunner
from salver.errors import (
    DeadlineExceededError,
    InternalError,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnavailableError,
)


class Turn:
    def __init__(self, calls=(), refused=(), padded_rows=0):
        self.calls = list(calls)
        self.refused = list(refused)
        self.padded_rows = padded_rows
        self.has_run = False
        self.has_ended = False

    def ran(self):
        assert not self.has_ended
        self.has_run = True

    def end(self):
        self.has_ended = True


def calls_of(items):
    return [FutureCall(item) for item in items]


def handle(run, calls, *, isolate_errors=True, refused=()):
    turn = Turn(calls, refused)
    form = ListForm(run, None)
    TurnRunner(form, lambda answer: answer, name="it", isolate_errors=isolate_errors).handle(turn)
    assert turn.has_ended
    return turn


def outcome(call):
    return call.future.exception(0) or call.future.result(0)


def test_results_reach_their_calls_and_the_run_is_told():
    calls = calls_of([1, 2, 3])
    turn = handle(lambda items: [item * 2 for item in items], calls)
    assert [outcome(call) for call in calls] == [2, 4, 6]
    assert turn.has_run


@given(items=st.lists(st.booleans(), min_size=1, max_size=20))
def test_bad_items_fail_alone(items):
    def run(batch):
        if not all(batch):
            raise ValueError("bad item")
        return ["good"] * len(batch)

    calls = calls_of(items)
    handle(run, calls)
    for item, call in zip(items, calls, strict=True):
        assert outcome(call) == "good" if item else isinstance(outcome(call), ValueError)


def test_one_bad_item_of_many_costs_few_runs():
    runs = []

    def run(batch):
        runs.append(len(batch))
        if 13 in batch:
            raise ValueError("13")
        return batch

    handle(run, calls_of(range(64)))
    assert runs[:2] == [64, 32]
    assert len(runs) == 13


@pytest.mark.parametrize(
    "error", [ConnectionError("down"), TimeoutError(), MemoryError(), UnavailableError("down"), SystemExit(1)]
)
def test_error_of_the_world_is_not_tried_again(error):
    runs = []

    def run(batch):
        runs.append(batch)
        raise error

    calls = calls_of([1, 2, 3])
    turn = handle(run, calls)
    assert len(runs) == 1
    assert all(isinstance(outcome(call), Exception) for call in calls)
    assert not turn.has_run


def test_without_isolation_all_fail_at_once_each_with_an_exception_of_its_own():
    runs = []

    def run(batch):
        runs.append(batch)
        raise ValueError("bad")

    calls = calls_of([1, 2])
    handle(run, calls, isolate_errors=False)
    first, second = map(outcome, calls)
    assert len(runs) == 1
    assert first is not second
    assert str(first) == str(second) == "bad"
    assert first.__traceback__ is not None


class Uncopyable(Exception):  # noqa: N818
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def test_exception_that_cannot_be_copied_is_given_as_it_is():
    error = Uncopyable(1, 2)

    def run(_):
        raise error

    calls = calls_of([1, 2])
    handle(run, calls, isolate_errors=False)
    assert [outcome(call) for call in calls] == [error, error]


def test_exception_among_the_results_is_that_callers_error():
    calls = calls_of([1, 2])
    turn = handle(lambda _: ["one", KeyError("two")], calls)
    assert outcome(calls[0]) == "one"
    assert isinstance(outcome(calls[1]), KeyError)
    assert turn.has_run


def test_wrong_number_of_results_is_an_error_that_names_the_batcher_and_is_not_tried_again():
    runs = []
    calls = calls_of([1, 2])
    handle(lambda batch: runs.append(batch) or [1], calls)
    expected = InternalError("batcher it: run returned 1 results for 2 items, expected one for each")
    assert [outcome(call) for call in calls] == [expected, expected]
    assert len(runs) == 1


def test_cancelled_calls_are_left_out_of_the_batch():
    calls = calls_of([1, 2, 3])
    calls[1].future.cancel()
    seen = []
    handle(lambda batch: seen.append(batch) or batch, calls)
    assert seen == [[1, 3]]


def test_turn_of_cancelled_calls_does_not_run():
    calls = calls_of([1])
    calls[0].future.cancel()
    turn = handle(lambda _: pytest.fail("ran"), calls)
    assert not turn.has_run


@pytest.mark.parametrize(
    ("reason", "kind", "retry_after_s"),
    [
        ("expired", DeadlineExceededError, None),
        ("late", UnavailableError, 0.5),
        ("too_large", InvalidArgumentError, None),
        ("queue_full", ResourceExhaustedError, 2.0),
        ("displaced", UnavailableError, None),
        ("stopped", UnavailableError, None),
    ],
)
def test_refused_calls_are_told_why(reason, kind, retry_after_s):
    (call,) = calls_of([1])
    handle(lambda _: pytest.fail("ran"), [], refused=[(call, reason, retry_after_s)])
    error = outcome(call)
    assert type(error) is kind
    assert "batcher it" in error.message or "of batcher it" in error.message
    assert error.retry_after_s == retry_after_s
