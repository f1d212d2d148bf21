"""A data plane of the extension without sockets, and a thread that runs batches as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from salver.boundary import UNBATCHED, Batch, BatchingPolicy, DataPlaneOptions, ModelRow, Signature, TargetSpec
from salver.dataplane import NativeDataPlane
from tests.support.boundary import WAIT_S, signature


@pytest.fixture
def plane() -> Iterator[NativeDataPlane]:
    made = NativeDataPlane(DataPlaneOptions())
    yield made
    made.stop()


@pytest.fixture
def publish(plane: NativeDataPlane) -> Callable[..., Any]:
    """Publish one Python servable as model `m` version 1 and return its target."""

    def publish(*signatures: Signature, servable: object = "servable", batching: BatchingPolicy = UNBATCHED) -> Any:
        target = plane.new_target(
            TargetSpec(
                name="m",
                version=1,
                signatures=signatures or (signature(),),
                servable=servable,
                batching=batching,
            )
        )
        plane.publish([ModelRow("m", [target])])
        return target

    return publish


class Runner:
    """Hands every batch to `handle` on a thread of its own, until the data plane stops."""

    def __init__(self, plane: NativeDataPlane, handle: Callable[[Batch], None]) -> None:
        self._plane = plane
        self._handle = handle
        self._stop = threading.Event()
        self.errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = self._plane.next_batch(0.1)
            if batch is None:
                continue
            try:
                self._handle(batch)
            except BaseException as error:  # noqa: BLE001  # the test looks at it
                self.errors.append(error.with_traceback(None))  # its frames would keep the batch alive
            del batch

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


@pytest.fixture
def run_batches(plane: NativeDataPlane) -> Iterator[Callable[[Callable[[Batch], None]], Runner]]:
    """Start runners; all end with the test."""
    runners: list[Runner] = []

    def start(handle: Callable[[Batch], None]) -> Runner:
        runners.append(Runner(plane, handle))
        return runners[-1]

    yield start
    for runner in runners:
        runner.stop()
