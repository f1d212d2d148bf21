"""Whatever callers do: each gets its own result, once, and nothing is left when the batcher is closed."""

from __future__ import annotations

import asyncio
import concurrent.futures
import random
import threading
from collections import Counter
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from salver.batching import Batcher
from salver.boundary import BatchingPolicy
from salver.errors import SalverError
from tests.support.boundary import WAIT_S


class Item(NamedTuple):
    number: int
    key: int
    size: int
    is_bad: bool
    """Fails every batch that it is in."""
    is_named_bad: bool
    """Gets an exception for a result."""


class Plan(NamedTuple):
    key: int
    size: int
    fate: str
    how: str
    is_cancelled: bool


plans = st.lists(
    st.builds(
        Plan,
        key=st.integers(0, 2),
        size=st.integers(0, 3),
        fate=st.sampled_from(["good", "good", "good", "bad", "named"]),
        how=st.sampled_from(["call", "submit", "task"]),
        is_cancelled=st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=40,
)
policies = st.builds(
    BatchingPolicy,
    max_batch_size=st.integers(1, 8),
    max_queued_rows=st.sampled_from([1, 5, 100_000]),
    allowed_batch_sizes=st.sampled_from([(), (2, 4, 8)]),
)


class Run:
    """Notes what it is called with, and breaks where an item says so."""

    def __init__(self, max_rows: int) -> None:
        self.max_rows = max_rows
        self.num_good_runs: Counter[int] = Counter()
        self.lock = threading.Lock()
        self.faults: list[str] = []

    def __call__(self, items: list[Item]) -> list[Any]:
        if len({item.key for item in items}) != 1:
            self.faults.append(f"mixed keys: {items}")
        if len(items) > 1 and sum(item.size for item in items) > self.max_rows:
            self.faults.append(f"too large: {items}")
        if any(item.is_bad for item in items):
            raise ValueError("bad")
        with self.lock:
            self.num_good_runs.update(item.number for item in items)
        return [KeyError(item.number) if item.is_named_bad else item.number for item in items]

    async def in_loop(self, items: list[Item]) -> list[Any]:
        await asyncio.sleep(0)
        return self(items)


def outcome_of(get) -> Any:
    try:
        return get()
    except (concurrent.futures.CancelledError, asyncio.CancelledError):
        return "cancelled"
    except (ValueError, KeyError, SalverError) as error:
        return error


def use(batcher: Batcher[Item, int], items: list[tuple[Plan, Item]], outcomes: dict[int, Any]) -> None:
    """What one thread does: its plans in order, those for tasks in a loop of its own."""

    def ask(plan: Plan, item: Item) -> None:
        if plan.how == "call":
            outcomes[item.number] = outcome_of(lambda: batcher(item))
            return
        future = batcher.submit(item)
        if plan.is_cancelled:
            future.cancel()
        outcomes[item.number] = outcome_of(lambda: future.result(WAIT_S))

    async def ask_in_task(plan: Plan, item: Item) -> None:
        task = asyncio.create_task(batcher.call(item))
        if plan.is_cancelled:
            await asyncio.sleep(0)
            task.cancel()
        try:
            outcomes[item.number] = await task
        except BaseException as error:  # noqa: BLE001  # sorted out like the others
            caught = error
            outcomes[item.number] = outcome_of(lambda: (_ for _ in ()).throw(caught))

    async def all_tasks() -> None:
        await asyncio.gather(*(ask_in_task(plan, item) for plan, item in items if plan.how == "task"))

    for plan, item in items:
        if plan.how != "task":
            ask(plan, item)
    asyncio.run(all_tasks())


def check(plan: Plan, item: Item, outcome: Any, run: Run) -> None:
    if isinstance(outcome, SalverError):
        assert outcome.code.name == "RESOURCE_EXHAUSTED", outcome
        assert run.num_good_runs[item.number] == 0
    elif outcome == "cancelled":
        assert plan.is_cancelled
        assert run.num_good_runs[item.number] <= 1
    elif item.is_bad:
        assert type(outcome) is ValueError
        assert run.num_good_runs[item.number] == 0
    else:
        assert run.num_good_runs[item.number] == 1
        expected = KeyError if item.is_named_bad else int
        assert type(outcome) is expected
        assert outcome == item.number or outcome.args == (item.number,)


@settings(max_examples=40)
@given(plans=plans, policy=policies, num_threads=st.integers(1, 3), num_users=st.integers(1, 4), is_async=st.booleans())
def test_every_caller_gets_its_own_result_once(plans, policy, num_threads, num_users, is_async):
    before = set(threading.enumerate())
    run = Run(policy.max_batch_size)
    batcher = Batcher(
        run.in_loop if is_async else run,
        key=lambda item: item.key,
        size=lambda item: item.size,
        num_threads=num_threads,
        policy=policy,
    )
    items = [
        (plan, Item(number, plan.key, plan.size, plan.fate == "bad", plan.fate == "named"))
        for number, plan in enumerate(plans)
    ]
    outcomes: dict[int, Any] = {}
    users = [
        threading.Thread(target=use, args=(batcher, items[user::num_users], outcomes)) for user in range(num_users)
    ]
    for user in users:
        user.start()
    for user in users:
        user.join(WAIT_S)
    batcher.close()
    assert set(threading.enumerate()) <= before
    assert run.faults == []
    assert set(outcomes) == set(range(len(plans)))
    for plan, item in items:
        check(plan, item, outcomes[item.number], run)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), num_threads=st.integers(1, 3), limit_s=st.sampled_from([None, 0.0]))
def test_close_amid_calls_leaves_nobody_without_an_answer(seed, num_threads, limit_s):
    before = set(threading.enumerate())
    chance = random.Random(seed)
    batcher: Batcher[int, int] = Batcher(lambda items: items, num_threads=num_threads, max_batch_size=3)
    outcomes: list[Any] = []

    def ask(number: int) -> None:
        outcomes.append(outcome_of(lambda: batcher(number)))

    users = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    closers = [threading.Thread(target=lambda: batcher.close(timeout_s=limit_s)) for _ in range(2)]
    threads = users + closers
    chance.shuffle(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert set(threading.enumerate()) <= before
    assert len(outcomes) == 12
    assert all(isinstance(outcome, int) or outcome.code.name == "UNAVAILABLE" for outcome in outcomes)
