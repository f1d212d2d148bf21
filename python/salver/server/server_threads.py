"""The threads on which a server does what its data plane hands to Python: batches, control calls, and what is slow."""

from __future__ import annotations

import logging

from salver.boundary import Batch, ControlCall, DataPlane
from salver.config.server_config import ServerConfig
from salver.server import manager_setup
from salver.server.runners import BatchRunner
from salver.server.serving_table import DataPlaneServingTable
from salver.server.slow_calls import SlowCalls
from salver.server.thread_pool import PullThreads, Worker

logger = logging.getLogger(__name__)

_NUM_CONTROL_THREADS = 2
_MAX_STREAMS = 256
"""Answers that may be streamed at the same time: each has a thread, which sleeps while its client is behind."""
_MAX_SLOW_CALLS = 64
"""Reloads and calls of the admin port that may wait at the same time, most of them asleep."""
_JOIN_TIMEOUT_S = 1.0
"""How long a stop waits for a thread that is still in a servable or handler after the drain."""


class ServerThreads:
    """Runner threads and control threads pull; each slow call and streamed answer has a thread of its own.

    Call sequence: construct, `answer_calls`, `run_batches`, `await_answers`, `stop` once the data plane has stopped,
    `join_slow`.
    """

    def __init__(self, config: ServerConfig, plane: DataPlane, table: DataPlaneServingTable) -> None:
        """Start none yet."""
        self.slow_calls = SlowCalls("slow-call", _MAX_SLOW_CALLS)
        """Runs the control calls that may wait."""
        self._streams = SlowCalls("stream", _MAX_STREAMS)
        self._plane = plane
        self._control: PullThreads[ControlCall] | None = None
        runner = BatchRunner(
            name_of=table.name_of,
            submit_stream=self._streams.submit,
            is_traced=config.trace_sampling_ratio is not None,
        )
        # One more than run at the same time: `DataPlaneOptions.num_runners` says what for.
        num_runners = manager_setup.num_runners(config) + 1
        self._runners: PullThreads[Batch] = PullThreads("runner", num_runners, plane.next_batch, runner)

    def answer_calls(self, router: Worker[ControlCall]) -> None:
        """Begin to hand control calls to `router`."""
        self._control = PullThreads("control", _NUM_CONTROL_THREADS, self._plane.next_call, router)
        self._control.start()

    def run_batches(self) -> None:
        """Begin to run the batches of Python servables."""
        self._runners.start()

    def stop(self) -> None:
        """End the threads that pull; one that is busy for longer than a moment is left behind. Idempotent."""
        for threads in (self._control, self._runners):
            if threads is not None and not threads.stop(_JOIN_TIMEOUT_S):
                logger.warning("A %s thread is still busy; it is left behind", threads.name)

    def await_answers(self) -> None:
        """Wait a moment for slow calls that end with the server to be answered, while their connections are there."""
        self.slow_calls.join(_JOIN_TIMEOUT_S)

    def join_slow(self) -> None:
        """Wait a moment for slow calls and streamed answers to end."""
        self.slow_calls.join(_JOIN_TIMEOUT_S)
        self._streams.join(_JOIN_TIMEOUT_S)
