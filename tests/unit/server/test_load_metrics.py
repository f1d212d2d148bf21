"""Counting the loads of SavedModels."""

from __future__ import annotations

import pytest

from salver.boundary import Series, TensorFlowOptions
from salver.errors import NotFoundError
from salver.server.load_metrics import CountedTensorFlow, counted
from salver.server.metrics import Metrics
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_dataplane import FakeNativeModel, FakeTensorFlow, half_plus_two


def test_loads_are_counted_by_directory_and_outcome():
    metrics, tensorflow, clock = Metrics(), FakeTensorFlow(), FakeClock()
    runtime = CountedTensorFlow(tensorflow, metrics, clock)
    model = FakeNativeModel(half_plus_two)

    def load(directory):
        clock.advance(0.25)
        if directory == "/m/2":
            raise NotFoundError("no variables")
        return model

    tensorflow.on_load = load
    assert runtime.load("/m/1", TensorFlowOptions()) is model
    with pytest.raises(NotFoundError, match="no variables"):
        runtime.load("/m/2", TensorFlowOptions())

    attempts, latency = metrics.load_attempt_count.snapshot(), metrics.load_latency.snapshot()
    assert set(attempts.series) == {Series(("/m/1", "success"), 1), Series(("/m/2", "fail"), 1)}
    assert set(latency.series) == {Series(("/m/1",), 250_000), Series(("/m/2",), 250_000)}


def test_everything_else_is_the_runtimes_own():
    tensorflow = FakeTensorFlow()
    runtime = counted(lambda libraries: tensorflow if libraries == ["a.so"] else None, Metrics())(["a.so"])

    runtime.load_library("ops.so")

    assert (runtime.version, tensorflow.op_libraries) == (tensorflow.version, ["ops.so"])
