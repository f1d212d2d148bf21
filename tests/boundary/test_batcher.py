"""A batcher over the extension's queue: who shares a batch, who does not run, and what is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from salver.batching import ArrayRun, Batcher
from salver.boundary import BatchingPolicy, LengthBuckets
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    ResourceExhaustedError,
    SalverError,
    UnavailableError,
    UnknownError,
)
from tests.support.boundary import WAIT_S
from tests.support.server_process import wait_until

STATIC = BatchingPolicy(is_adaptive=False)
"""Takes all that waits, whatever was learnt."""


class Gate:
    """A run that returns its items, and stands still at the item `wait` until it is opened."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.is_standing = threading.Event()
        self._is_open = threading.Event()

    def __call__(self, items: list[Any]) -> list[Any]:
        self.batches.append(items)
        if "wait" in items:
            self.is_standing.set()
            assert self._is_open.wait(WAIT_S)
        return items

    def open(self) -> None:
        self._is_open.set()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


def keep_busy(batcher: Batcher[Any, Any], gate: Gate) -> None:
    """Have the one thread of the batcher stand in a run."""
    batcher.submit("wait")
    assert gate.is_standing.wait(WAIT_S)


def threads_of(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(name)]


def test_what_waits_while_a_run_goes_on_is_the_next_batch(gate):
    with Batcher(gate, policy=STATIC) as batcher:
        keep_busy(batcher, gate)
        futures = [batcher.submit(number) for number in range(5)]
        gate.open()
        assert [future.result(WAIT_S) for future in futures] == [0, 1, 2, 3, 4]
    assert gate.batches == [["wait"], [0, 1, 2, 3, 4]]


def test_a_lone_call_runs_at_once():
    with Batcher(lambda items: [item + 1 for item in items]) as batcher:
        assert batcher(1) == 2
        assert batcher.stats().departures == {"idle_runner": 1}


def test_tasks_of_several_loops_and_threads_share_a_batch(gate):
    def in_a_loop(number):
        async def main():
            return await asyncio.gather(batcher.call(number), batcher.call(-number))

        return asyncio.run(main())

    with Batcher(gate, policy=STATIC) as batcher:
        keep_busy(batcher, gate)
        answers = {}
        threads = [threading.Thread(target=lambda n=n: answers.update({n: in_a_loop(n)})) for n in (1, 2)]
        for thread in threads:
            thread.start()
        future = batcher.submit(3)
        wait_until(lambda: batcher.stats().num_queued_rows == 5, WAIT_S, "all calls to be queued")
        gate.open()
        for thread in threads:
            thread.join(WAIT_S)
        assert answers == {1: [1, -1], 2: [2, -2]}
        assert future.result(WAIT_S) == 3
    assert sorted(gate.batches[1]) == [-2, -1, 1, 2, 3]


def test_coroutine_functions_run_in_a_loop_of_their_own():
    loops = set()

    async def run(items):
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    with Batcher(run, name="coroutine") as batcher:
        assert [batcher(number) for number in range(3)] == [0, 2, 4]
        assert len(loops) == 1
    assert all(loop.is_closed() for loop in loops)
    assert threads_of("coroutine") == []


def test_task_that_a_run_left_behind_ends_with_the_batcher():
    ended = []

    async def linger():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def run(items):
        tasks.append(asyncio.create_task(linger()))
        await asyncio.sleep(0)
        return items

    tasks: list[Any] = []
    with Batcher(run) as batcher:
        batcher(1)
    assert ended == [True]


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"max_batch_size": 2}, [2, 2, 1]),
        ({"max_batch_size": 4, "size": lambda item: 1 if item == "wait" else 2}, [2, 2, 1]),
        ({"max_batch_size": 1}, [1, 1, 1, 1, 1]),
    ],
)
def test_no_batch_is_larger_than_it_may_be(gate, options, sizes):
    with Batcher(gate, **options, policy=STATIC) as batcher:
        keep_busy(batcher, gate)
        for number in range(5):
            batcher.submit(number)
        gate.open()
    assert [len(batch) for batch in gate.batches[1:]] == sizes


def test_static_policy_waits_for_company_until_the_batcher_closes():
    policy = BatchingPolicy(is_adaptive=False, max_batch_size=3, batch_timeout_s=3600.0)
    batches = []
    with Batcher(lambda items: batches.append(items) or items, policy=policy) as batcher:
        first = [batcher.submit(number) for number in range(3)]
        assert [future.result(WAIT_S) for future in first] == [0, 1, 2]
        last = batcher.submit(3)
        assert not last.done()
    assert last.result(0) == 3
    assert batches == [[0, 1, 2], [3]]
    assert batcher.stats().departures == {"full": 1, "shutdown": 1}


def test_static_policy_limits_the_batches_that_wait(gate):
    policy = BatchingPolicy(is_adaptive=False, max_batch_size=1, max_enqueued_batches=2)
    with Batcher(gate, policy=policy) as batcher:
        keep_busy(batcher, gate)
        kept = [batcher.submit(number) for number in range(2)]
        with pytest.raises(ResourceExhaustedError):
            batcher.submit(2).result(WAIT_S)
        gate.open()
        assert [future.result(WAIT_S) for future in kept] == [0, 1]


def test_item_larger_than_a_batch_runs_alone(gate):
    with Batcher(gate, max_batch_size=4, size=lambda item: 9 if item == "large" else 1) as batcher:
        keep_busy(batcher, gate)
        futures = [batcher.submit(item) for item in ("a", "large", "b")]
        gate.open()
        assert [future.result(WAIT_S) for future in futures] == ["a", "large", "b"]
    assert ["large"] in gate.batches


def test_only_items_with_equal_keys_share_a_batch(gate):
    with Batcher(gate, key=lambda text: (len(text),), policy=STATIC) as batcher:
        keep_busy(batcher, gate)
        for text in ("a", "bb", "c", "dd", "eee"):
            batcher.submit(text)
        gate.open()
    assert sorted(gate.batches[1:]) == [["a", "c"], ["bb", "dd"], ["eee"]]


def test_keys_without_number_are_forgotten_without_harm():
    with Batcher(lambda items: items, key=lambda item: item) as batcher:
        assert [future.result(WAIT_S) for future in [batcher.submit(n) for n in range(10_050)]] == list(range(10_050))


@pytest.mark.parametrize("name", ["key", "size"])
def test_error_of_key_or_size_is_its_callers_alone(name):
    with Batcher(lambda items: items, **{name: lambda item: 1 // item}) as batcher:
        with pytest.raises(ZeroDivisionError):
            batcher.submit(0)
        assert batcher(1) == 1


def test_cancelled_future_does_not_run(gate):
    with Batcher(gate) as batcher:
        keep_busy(batcher, gate)
        doomed, kept = batcher.submit("doomed"), batcher.submit("kept")
        assert doomed.cancel()
        gate.open()
        assert kept.result(WAIT_S) == "kept"
    assert gate.batches == [["wait"], ["kept"]]
    assert batcher.stats().refusals == {"abandoned": 1}


def test_cancelled_task_does_not_run(gate):
    async def main():
        task = asyncio.create_task(batcher.call("doomed"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with Batcher(gate) as batcher:
        keep_busy(batcher, gate)
        asyncio.run(main())
        gate.open()
    assert gate.batches == [["wait"]]
    assert batcher.stats().refusals == {"abandoned": 1}


def test_thread_whose_time_is_up_gets_an_error_and_does_not_run(gate):
    with Batcher(gate, name="slow") as batcher:
        keep_busy(batcher, gate)
        with pytest.raises(DeadlineExceededError, match="batcher slow has not answered within 0.01 s"):
            batcher("late", timeout_s=0.01)
        gate.open()
    assert gate.batches == [["wait"]]


def test_task_whose_time_is_up_gets_an_error_and_does_not_run(gate):
    with Batcher(gate, name="slow") as batcher:
        keep_busy(batcher, gate)
        with pytest.raises(DeadlineExceededError):
            asyncio.run(batcher.call("late", timeout_s=0.01))
        gate.open()
    assert gate.batches == [["wait"]]


def test_future_whose_time_is_up_fails_when_its_turn_comes(gate):
    with Batcher(gate) as batcher:
        keep_busy(batcher, gate)
        late = batcher.submit("late", timeout_s=0.0)
        gate.open()
        with pytest.raises(DeadlineExceededError):
            late.result(WAIT_S)
    assert gate.batches == [["wait"]]


def test_timeout_error_of_a_run_is_not_the_callers_timeout():
    def run(items):
        raise TimeoutError("of the database")

    with Batcher(run) as batcher:
        with pytest.raises(TimeoutError, match="of the database"):
            batcher(1, timeout_s=WAIT_S)
        with pytest.raises(TimeoutError, match="of the database"):
            asyncio.run(batcher.call(1, timeout_s=WAIT_S))


def test_full_queue_refuses(gate):
    with Batcher(gate, max_queued=2, name="narrow") as batcher:
        keep_busy(batcher, gate)
        kept = [batcher.submit(number) for number in range(2)]
        with pytest.raises(ResourceExhaustedError, match="the queue of batcher narrow is full"):
            batcher(3)
        gate.open()
        assert [future.result(WAIT_S) for future in kept] == [0, 1]


def test_call_that_matters_more_takes_the_place_of_one_that_matters_less(gate):
    with Batcher(gate, max_queued=1) as batcher:
        keep_busy(batcher, gate)
        lesser = batcher.submit("lesser", criticality="sheddable")
        greater = batcher.submit("greater", criticality="critical_plus")
        with pytest.raises(UnavailableError, match="matters more"):
            lesser.result(WAIT_S)
        gate.open()
        assert greater.result(WAIT_S) == "greater"


def test_calls_that_matter_more_go_first(gate):
    with Batcher(gate, max_batch_size=1) as batcher:
        keep_busy(batcher, gate)
        for criticality in ("sheddable", "critical", "critical_plus", "sheddable_plus"):
            batcher.submit(criticality, criticality=criticality)
        gate.open()
    assert gate.batches[1:] == [["critical_plus"], ["critical"], ["sheddable_plus"], ["sheddable"]]


def test_close_runs_what_waits_and_leaves_no_thread(gate):
    batcher = Batcher(gate, name="closing", num_threads=3)
    keep_busy(batcher, gate)
    futures = [batcher.submit(number) for number in range(10)]
    assert len(threads_of("closing")) == 3
    threading.Timer(0.01, gate.open).start()
    batcher.close()
    assert [future.result(0) for future in futures] == list(range(10))
    assert threads_of("closing") == []
    batcher.close()


def test_closed_batcher_refuses():
    batcher = Batcher(lambda items: items, name="over")
    batcher.close()
    with pytest.raises(UnavailableError, match="batcher over is closed"):
        batcher(1)
    with pytest.raises(UnavailableError):
        asyncio.run(batcher.call(1))
    assert threads_of("over") == []


def test_close_with_a_limit_refuses_what_still_waits(gate):
    batcher = Batcher(gate, max_batch_size=1)
    keep_busy(batcher, gate)
    waiting = batcher.submit("waiting")
    waiting.add_done_callback(lambda _: gate.open())
    batcher.close(timeout_s=0.0)
    with pytest.raises(UnavailableError):
        waiting.result(0)
    assert gate.batches == [["wait"]]


def test_async_context_closes_without_blocking_the_loop(gate):
    async def main():
        async with Batcher(gate, name="async") as batcher:
            task = asyncio.create_task(batcher.call("wait"))
            await asyncio.to_thread(gate.is_standing.wait, WAIT_S)
            asyncio.get_running_loop().call_later(0.01, gate.open)
        return await task

    assert asyncio.run(main()) == "wait"
    assert threads_of("async") == []


def test_run_cannot_close_its_own_batcher():
    def run(items):
        batcher.close()
        return items

    async def run_async(items):
        batcher.close()
        return items

    for function in (run, run_async):
        with Batcher(function) as batcher, pytest.raises(FailedPreconditionError, match="cannot be closed by its own"):
            batcher(1)


def test_batcher_that_is_dropped_answers_and_ends_its_threads():
    batcher = Batcher(lambda items: items, name="dropped")
    future = batcher.submit(1)
    threads = threads_of("dropped")
    reference = weakref.ref(batcher)
    del batcher
    gc.collect()
    assert reference() is None
    assert future.result(WAIT_S) == 1
    for thread in threads:
        thread.join(WAIT_S)
    assert threads_of("dropped") == []


def test_answered_items_are_not_kept():
    class Item:
        pass

    item = Item()
    reference = weakref.ref(item)
    with Batcher(lambda items: [None for _ in items]) as batcher:
        batcher(item)
        batcher("another")
        del item
        gc.collect()
        assert reference() is None


def test_error_that_its_caller_keeps_holds_nobody_up():
    def run(items):
        raise TimeoutError

    with Batcher(run) as batcher:
        kept = [batcher.submit(number).exception(WAIT_S) for number in range(3)]
    assert [type(error) for error in kept] == [TimeoutError] * 3


def test_thread_survives_whatever_a_run_raises():
    def run(items):
        if items == ["exit"]:
            raise SystemExit(3)
        return items

    with Batcher(run) as batcher:
        with pytest.raises(UnknownError, match="SystemExit"):
            batcher("exit")
        with pytest.raises(InternalError, match="returned 0 results"):
            Batcher(lambda items: [])(1)
        assert batcher("next") == "next"


def test_arrays_are_joined_and_filled_up_to_an_allowed_size():
    shapes = []

    def run(array):
        shapes.append(array.shape)
        return array.sum(axis=1)

    with Batcher(ArrayRun(run), policy=BatchingPolicy(allowed_batch_sizes=(4, 8))) as batcher:
        assert batcher(np.ones((3, 2))).tolist() == [2.0, 2.0, 2.0]
        assert batcher.stats().num_padding_rows == 1
    assert shapes == [(4, 2)]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_batch_size": 0}, "max_batch_size is 0, expected more than 0"),
        ({"max_queued": 0}, "max_queued_rows is 0"),
        ({"latency_slo_s": -1.0}, "latency_slo_s is -1.0"),
        ({"num_threads": 0}, "num_threads is 0, expected at least 1"),
        ({"max_batch_size": 1 << 64}, "max_batch_size is 18446744073709551616, expected more than 0 and at most"),
        ({"policy": BatchingPolicy(weight=float("nan"))}, "weight is nan"),
        ({"policy": BatchingPolicy(max_in_flight_batches=0)}, "max_in_flight_batches is 0"),
        ({"policy": BatchingPolicy(is_adaptive=False, max_enqueued_batches=0)}, "max_enqueued_batches is 0"),
        ({"policy": BatchingPolicy(is_adaptive=False, batch_timeout_s=-1.0)}, "batch_timeout_s is -1.0"),
        ({"policy": BatchingPolicy(allowed_batch_sizes=(8, 4))}, "allowed_batch_sizes is .8, 4., expected ascending"),
        ({"policy": BatchingPolicy(length_buckets=(LengthBuckets(limits=(3,)),))}, "length_buckets is for models"),
        ({"policy": BatchingPolicy(enable_large_batch_splitting=True)}, "enable_large_batch_splitting is for models"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, text):
    with pytest.raises(InvalidArgumentError, match=text):
        Batcher(lambda items: items, **options)


@pytest.mark.parametrize("options", [{"timeout_s": -1.0}, {"timeout_s": float("nan")}, {"criticality": "high"}])
def test_call_options_that_cannot_be_are_refused(options):
    with Batcher(lambda items: items) as batcher, pytest.raises(InvalidArgumentError):
        batcher(1, **options)


@pytest.mark.parametrize("timeout_s", [1e300, float("inf")])
def test_a_timeout_may_be_longer_than_any_clock_counts(timeout_s):
    with Batcher(lambda items: items) as batcher:
        assert batcher(1, timeout_s) == 1
        assert asyncio.run(batcher.call(2, timeout_s)) == 2


def test_size_has_no_meaning_for_arrays():
    with pytest.raises(InvalidArgumentError, match="size has no meaning"):
        Batcher(ArrayRun(lambda array: array), size=len)


def test_batcher_is_called_after_its_run():
    def lookup(items: list[int]) -> list[int]:
        return items

    run: Callable[[list[int]], list[int]] = lookup
    assert (Batcher(run).name, Batcher(run, name="other").name, Batcher(Gate()).name) == ("lookup", "other", "Gate")


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)


def test_exit_of_the_process_answers_what_waits():
    program = """
from salver.batching import Batcher
batcher = Batcher(lambda items: [print("ran", item) for item in items])
for number in range(3):
    batcher.submit(number)
"""
    done = run_python(program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran 0\nran 1\nran 2\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_forked_process_begins_with_an_empty_queue_and_threads_of_its_own():
    program = """
import os
from salver.batching import Batcher
batcher = Batcher(lambda items: [(os.getpid(), item) for item in items])
parent = batcher(1)
child = os.fork()
if not child:
    assert batcher(2) == (os.getpid(), 2)
    assert batcher.stats().num_calls == 1
    batcher.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert batcher(3) == (os.getpid(), 3)
"""
    done = run_python(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_error_of_a_batcher_is_a_secret():
    with Batcher(lambda items: items) as batcher, pytest.raises(SalverError) as caught:
        batcher(1, criticality="none")
    assert "critical_plus, critical, sheddable_plus, sheddable" in caught.value.message
