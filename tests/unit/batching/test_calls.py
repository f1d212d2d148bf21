"""Answers reach their callers, once, and in a form that harms nobody."""

from __future__ import annotations

import asyncio
import concurrent.futures

import pytest

from salver.batching.calls import FutureCall, LoopCall, deliver
from salver.errors import UnknownError


class Queued:
    def __init__(self):
        self.is_abandoned = False

    def abandon(self):
        self.is_abandoned = True


def test_result_and_exception_reach_their_futures():
    good, bad = FutureCall("good"), FutureCall("bad")
    deliver([(good, 1), (bad, KeyError("x"))])
    assert good.future.result(0) == 1
    with pytest.raises(KeyError):
        bad.future.result(0)


def test_first_answer_counts():
    call = FutureCall("x")
    assert call.begin()
    deliver([(call, 1)])
    deliver([(call, 2)])
    assert call.future.result(0) == 1


def test_cancelled_future_leaves_the_queue_and_takes_no_answer():
    call = FutureCall("x")
    call.queued = Queued()
    assert call.future.cancel()
    assert call.queued.is_abandoned
    assert not call.begin()
    deliver([(call, 1)])
    assert call.future.cancelled()


def test_future_that_runs_cannot_be_cancelled():
    call = FutureCall("x")
    call.queued = Queued()
    call.begin()
    assert not call.future.cancel()
    assert not call.queued.is_abandoned


class CountingLoop(asyncio.SelectorEventLoop):
    num_wakes = 0

    def call_soon_threadsafe(self, *args, **kwargs):
        self.num_wakes += 1
        return super().call_soon_threadsafe(*args, **kwargs)


def test_many_answers_wake_a_loop_once():
    loop = CountingLoop()
    try:
        calls = [LoopCall(number, loop) for number in range(5)]
        deliver((call, call.item) for call in calls)
        assert loop.num_wakes == 1
        assert loop.run_until_complete(asyncio.gather(*(call.future for call in calls))) == [0, 1, 2, 3, 4]
    finally:
        loop.close()


def test_answer_for_a_closed_loop_does_not_keep_the_others_from_theirs():
    loop = asyncio.new_event_loop()
    gone = LoopCall("gone", loop)
    loop.close()
    here = FutureCall("here")
    deliver([(gone, 1), (here, 2)])
    assert here.future.result(0) == 2


@pytest.mark.parametrize(
    "error", [StopIteration(3), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()]
)
def test_exceptions_that_would_do_more_than_fail_the_call_are_told_as_unknown(error):
    call = FutureCall("x")
    deliver([(call, error)])
    with pytest.raises(UnknownError, match=type(error).__name__) as caught:
        call.future.result(0)
    assert caught.value.__cause__ is error


def test_cancellation_in_a_run_is_no_cancellation_of_the_caller():
    call = FutureCall("x")
    deliver([(call, concurrent.futures.CancelledError())])
    assert not call.future.cancelled()
    with pytest.raises(UnknownError):
        call.future.result(0)
