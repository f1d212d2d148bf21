"""Many requests of a web application, each for one user: one query serves all that came while the last one ran.

Usage: python examples/batched_lookups.py [requests]
"""

import asyncio
import sqlite3
import sys

from salver.batching import Batcher

database = sqlite3.connect(":memory:", check_same_thread=False)
database.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)")
database.executemany("INSERT INTO users VALUES (?, ?)", [(number, f"user {number}") for number in range(1000)])


def load_users(ids: list[int]) -> list[str | KeyError]:
    marks = ", ".join("?" * len(ids))
    found = dict(database.execute(f"SELECT id, name FROM users WHERE id IN ({marks})", ids))  # noqa: S608
    return [found.get(id, KeyError(id)) for id in ids]


async def handle_request(user: Batcher[int, str], user_id: int) -> str:
    try:
        return f"200 Hello, {await user.call(user_id, timeout_s=10.0)}"
    except KeyError:
        return "404"


async def main(num_requests: int) -> None:
    async with Batcher(load_users, max_batch_size=100) as user:
        answers = await asyncio.gather(*(handle_request(user, number * 7) for number in range(num_requests)))
        stats = user.stats()
    print(f"{answers[0]}; {answers[-1]}")
    print(f"{len(answers)} requests, {stats.num_batches} queries")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 150))
