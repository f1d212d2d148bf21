"""An event loop in a thread of its own, for coroutines that threads wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs awaitables; the thread starts with the first one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._end: asyncio.Event

    def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Run `awaitable` in the loop and return what it gives, from any other thread."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=lambda: asyncio.run(self._main()), name=self._name, daemon=True)
                thread.start()
                self._thread = thread
        self._is_ready.wait()
        return asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop).result()

    def stop(self) -> None:
        """Cancel what still runs in the loop, and wait for the thread; for a thread that nobody waits in."""
        if self._thread is not None:
            self._is_ready.wait()
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def is_current(self) -> bool:
        """Whether this is called in the loop's thread."""
        return threading.current_thread() is self._thread

    async def _main(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self._is_ready.set()
        await self._end.wait()


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
