"""Counting the loads of SavedModels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from salver.boundary import NativeModel, TensorFlowOptions, TensorFlowRuntime
from salver.servables.tensorflow_library import RuntimeOpener
from salver.server.metrics import Metrics


class CountedTensorFlow:
    """A TensorFlow runtime whose loads are counted."""

    def __init__(
        self, runtime: TensorFlowRuntime, metrics: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._clock = clock
        self.load_library = runtime.load_library

    @property
    def version(self) -> str:
        """See `TensorFlowRuntime.version`."""
        return self._runtime.version

    def load(self, directory: str, options: TensorFlowOptions) -> NativeModel:
        """See `TensorFlowRuntime.load`."""
        status, started_s = "fail", self._clock()
        try:
            model = self._runtime.load(directory, options)
            status = "success"
            return model
        finally:
            self._metrics.load_attempt_count.add(model_path=directory, status=status)
            self._metrics.load_latency.add(int((self._clock() - started_s) * 1e6), model_path=directory)


def counted(opener: RuntimeOpener, metrics: Metrics) -> RuntimeOpener:
    """Return an opener of runtimes whose loads are counted."""

    def open_counted(libraries: Sequence[str]) -> TensorFlowRuntime:
        return CountedTensorFlow(opener(libraries), metrics)

    return open_counted
