"""Many callers with one item each, one callable over many items."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any, Generic, Self, TypeVar, cast, get_args

from salver.batching.arrays import ArrayRun
from salver.batching.calls import Call, Criticality, FutureCall, LoopCall, deliver
from salver.batching.crew import Crew
from salver.batching.items import BatchForm, ListForm, Run
from salver.batching.queue import BatchQueue
from salver.batching.refusals import refusal_answers
from salver.batching.stats import BatcherStats, read_stats
from salver.batching.turn_runner import TurnRunner
from salver.boundary import BatchingPolicy
from salver.errors import DeadlineExceededError, InvalidArgumentError

T = TypeVar("T")
R = TypeVar("R")

_CRITICALITIES = {name: number for number, name in enumerate(get_args(Criticality))}
_MAX_KINDS = 10_000
"""Kinds of items that are known by number; beyond it all are forgotten and numbered anew."""
_ABOVE_ZERO = (
    "max_batch_size",
    "max_queued_rows",
    "max_queued_bytes",
    "max_in_flight_batches",
    "max_enqueued_batches",
    "weight",
    "latency_slo_s",
)
_MOST = 2**63 - 1
"""What the scheduler can count to."""


class Batcher(Generic[T, R]):
    """Joins the calls of many threads and tasks into batches of one callable.

    A batch is made when a thread is free to run it, of what waits then: a lone call runs at once, and batches grow with
    the load, up to the size that was learnt to pay. All methods may be called from any thread.

        def squares(numbers: list[int]) -> list[int]:
            return [number * number for number in numbers]

        with Batcher(squares) as square:
            square(3)                 # waits for the result
            square.submit(3)          # a concurrent.futures.Future
            await square.call(3)      # in a task of any event loop
    """

    def __init__(  # noqa: PLR0913  # by keyword; each has a default that serves
        self,
        run: Run[T, R] | ArrayRun[T, R],
        *,
        max_batch_size: int | None = None,
        latency_slo_s: float | None = None,
        max_queued: int | None = None,
        num_threads: int = 1,
        key: Callable[[T], Hashable] | None = None,
        size: Callable[[T], int] | None = None,
        isolate_errors: bool = True,
        policy: BatchingPolicy | None = None,
        name: str | None = None,
    ) -> None:
        """Make a batcher; its threads start with the first call.

        Args:
            run: Takes a list of items and returns as many results in their order, any sequence; an exception among them
                is the error of that caller. May be a coroutine function: its event loop has a thread of its own. For
                arrays, an `ArrayRun`.
            max_batch_size: Largest batch, in items or what `size` says; None takes that of the policy, 1000.
            latency_slo_s: What 99 of 100 calls should take at most, waiting included; None sets no goal.
            max_queued: What may wait, in the unit of `max_batch_size`; beyond it a call fails with
                ResourceExhaustedError. None takes that of the policy, 100,000.
            num_threads: Batches that run at the same time.
            key: Says which items may share a batch: those with equal keys.
            size: What an item counts for; None counts each as 1. Not for arrays, which count by rows.
            isolate_errors: Whether a batch that failed is run again in halves, down to single items, so that a bad item
                fails alone; items then run more than once. What speaks of more than an item (ConnectionError,
                TimeoutError, MemoryError, UnavailableError and the like) is everybody's at once.
            policy: All other settings; those named here go over it.
            name: What messages and threads are called by; None takes that of `run`.

        Raises:
            InvalidArgumentError: Settings out of range, or that have no meaning here.
        """
        self.name = name or getattr(run, "__name__", None) or type(run).__name__
        self.policy = _checked_policy(policy or BatchingPolicy(), max_batch_size, latency_slo_s, max_queued)
        if num_threads < 1:
            raise InvalidArgumentError(f"num_threads is {num_threads}, expected at least 1")
        if isinstance(run, ArrayRun) and size is not None:
            raise InvalidArgumentError("size has no meaning for an ArrayRun, whose items count by their rows")
        form: BatchForm[R] = run if isinstance(run, ArrayRun) else ListForm(run, size)
        self._measure = form.measure
        self._key = key
        self._kinds: dict[Hashable, int] = {}
        self._next_kind = count(1).__next__
        # Neither of these refers to the batcher: see `salver.batching.crew`.
        queue_policy, queue_threads, runner_name = self.policy, num_threads, self.name
        self._crew = Crew(
            self.name,
            num_threads,
            lambda: _new_queue(queue_policy, queue_threads),
            lambda loop: TurnRunner(form, loop.wait_for, name=runner_name, isolate_errors=isolate_errors).handle,
        )
        weakref.finalize(self, self._crew.finish).atexit = False  # the crew sees to the exit itself

    def __call__(self, item: T, timeout_s: float | None = None, *, criticality: Criticality = "critical") -> R:
        """Run `item` in a batch and wait for its result.

        Args:
            item: What `run` takes; the batcher does not look into it.
            timeout_s: Longest wait; a call that would not make it is refused early, one whose time is up never runs.
            criticality: Which calls go first, and stay when not all can.

        Raises:
            DeadlineExceededError: The time is up.
            UnavailableError: It would be, or calls that matter more took the place, or the batcher is closed.
            ResourceExhaustedError: Too much waits. `retry_after_s` of both says when to try again, where it is known.
            Exception: What `run` raised.
        """
        future = self.submit(item, timeout_s, criticality=criticality)
        try:
            return future.result(None if timeout_s is None else min(timeout_s, threading.TIMEOUT_MAX))
        except TimeoutError:
            if future.done():
                return future.result()  # the error is of `run`, or the result has come after all
            future.cancel()
            raise self._too_late(timeout_s) from None
        except BaseException:
            future.cancel()
            raise

    def submit(self, item: T, timeout_s: float | None = None, *, criticality: Criticality = "critical") -> Future[R]:
        """Return a future of the result; see `__call__`. Cancelled before its batch is made, it does not run."""
        call: FutureCall[R] = FutureCall(item)
        self._put(call, timeout_s, criticality)
        return call.future

    async def call(self, item: T, timeout_s: float | None = None, *, criticality: Criticality = "critical") -> R:
        """Wait for the result in a task; see `__call__`. Cancelled before its batch is made, it does not run."""
        call: LoopCall[R] = LoopCall(item, asyncio.get_running_loop())
        self._put(call, timeout_s, criticality)
        try:
            async with asyncio.timeout(timeout_s) as limit:
                return await call.future
        except TimeoutError:
            if limit.expired():
                raise self._too_late(timeout_s) from None
            raise
        finally:
            call.give_up()

    def stats(self) -> BatcherStats:
        """Return what has come of the calls so far; of this process alone, where it was forked."""
        return read_stats(self._crew.queue)

    def close(self, *, timeout_s: float | None = None) -> None:
        """Take no more calls, answer those that wait, and end the threads. Idempotent.

        Args:
            timeout_s: After this time calls that still wait fail with UnavailableError; None runs them all. Runs that
                have begun are waited for in any case.

        Raises:
            FailedPreconditionError: Called by `run` itself.
        """
        self._crew.close(timeout_s)

    async def aclose(self, *, timeout_s: float | None = None) -> None:
        """`close` without blocking the event loop."""
        pool = ThreadPoolExecutor(1, thread_name_prefix=f"{self.name}-close")
        try:
            await asyncio.get_running_loop().run_in_executor(pool, lambda: self.close(timeout_s=timeout_s))
        finally:
            pool.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    def _put(self, call: Call, timeout_s: float | None, criticality: Criticality) -> None:
        measured = self._measure(call.item)
        call.item = measured.item
        kind = measured.kind if self._key is None else (measured.kind, self._key(measured.item))
        if timeout_s is not None and not timeout_s >= 0:
            raise InvalidArgumentError(f"timeout_s is {timeout_s}, expected a number from 0 on")
        number = _CRITICALITIES.get(criticality)
        if number is None:
            raise InvalidArgumentError(
                f"no criticality is called {criticality!r}; there are {', '.join(_CRITICALITIES)}"
            )
        self._crew.start()
        queue, group = self._crew.queue, 0 if kind is None else self._number_of(kind)
        call.queued, refused = queue.submit(call, measured.num_rows, measured.num_bytes, group, timeout_s, number)
        if refused:
            deliver(refusal_answers(self.name, refused))

    def _number_of(self, kind: Hashable) -> int:
        # Kinds are compared here, by Python's rules; the queue compares numbers. Forgetting costs company, no more.
        if len(self._kinds) > _MAX_KINDS:
            self._kinds = {}
        return self._kinds.setdefault(kind, self._next_kind())

    def _too_late(self, timeout_s: float | None) -> DeadlineExceededError:
        return DeadlineExceededError(f"batcher {self.name} has not answered within {timeout_s} s")


def _checked_policy(
    policy: BatchingPolicy, max_batch_size: int | None, latency_slo_s: float | None, max_queued: int | None
) -> BatchingPolicy:
    named = {"max_batch_size": max_batch_size, "latency_slo_s": latency_slo_s, "max_queued_rows": max_queued}
    policy = replace(policy, **cast("Any", {field: value for field, value in named.items() if value is not None}))
    for field in _ABOVE_ZERO:
        value = getattr(policy, field)
        if value is not None and not 0 < value <= _MOST:
            raise InvalidArgumentError(f"{field} is {value}, expected more than 0 and at most {_MOST:,}")
    if not policy.batch_timeout_s >= 0:
        raise InvalidArgumentError(f"batch_timeout_s is {policy.batch_timeout_s}, expected a number from 0 on")
    sizes = policy.allowed_batch_sizes
    if list(sizes) != sorted({*sizes}) or any(size < 1 for size in sizes):
        raise InvalidArgumentError(f"allowed_batch_sizes is {sizes}, expected ascending numbers above 0")
    for field in ("enable_large_batch_splitting", "pad_variable_length_inputs", "length_buckets"):
        if getattr(policy, field):
            raise InvalidArgumentError(f"{field} is for models, a batcher does not know how to do it to its items")
    return policy


def _new_queue(policy: BatchingPolicy, num_threads: int) -> BatchQueue:
    from salver.dataplane import new_batch_queue

    return new_batch_queue(policy, num_threads)
