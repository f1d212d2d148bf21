"""The metrics that Python counts, by the names that dashboards of the reference know.

What happens once per request is counted by the data plane (`DataPlane.metrics`); here is what happens once per load,
warm-up or logged request.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from salver.boundary import MetricFamily, Series

_MAX_SERIES = 1000
"""Label values of one metric that are kept, the latest: a server that loads new versions for years must not grow."""


def exponential_limits(scale: float, growth: float, count: int) -> tuple[float, ...]:
    """Return `scale`, `scale * growth`, ...: the bucket limits of a histogram, each made from the one before it."""
    limits = [scale]
    while len(limits) < count:
        limits.append(limits[-1] * growth)
    return tuple(limits)


LATENCY_LIMITS = exponential_limits(10, 1.8, 33)
"""For microseconds."""


class Counter:
    """A cumulative count for each set of label values. Thread-safe."""

    def __init__(self, name: str, *label_names: str) -> None:
        self._name = name
        self._label_names = label_names
        self._lock = threading.Lock()  # guards _counts
        self._counts: dict[tuple[str, ...], int] = {}

    def add(self, amount: int = 1, **labels: str) -> None:
        """Count `amount` more; `labels` has every label of the metric."""
        key = _label_values(self._name, self._label_names, labels)
        with self._lock:
            self._counts[key] = self._counts.pop(key, 0) + amount
            _forget_oldest(self._counts)

    def snapshot(self) -> MetricFamily:
        """Return the present counts."""
        with self._lock:
            series = tuple(Series(labels, count) for labels, count in self._counts.items())
        return MetricFamily(self._name, "counter", self._label_names, series)


class Histogram:
    """Samples by size, for each set of label values. Thread-safe."""

    def __init__(self, name: str, limits: Sequence[float], *label_names: str) -> None:
        self._name = name
        self._limits = tuple(limits)
        self._label_names = label_names
        self._lock = threading.Lock()  # guards _samples
        self._samples: dict[tuple[str, ...], _Samples] = {}

    def record(self, sample: int, **labels: str) -> None:
        """Take in one sample; `labels` has every label of the metric."""
        key = _label_values(self._name, self._label_names, labels)
        with self._lock:
            samples = self._samples.pop(key) if key in self._samples else _Samples(len(self._limits) + 1)
            self._samples[key] = samples
            # A sample that equals a limit belongs to the bucket above it.
            samples.bucket_counts[bisect_right(self._limits, sample)] += 1
            samples.sum += sample
            _forget_oldest(self._samples)

    def snapshot(self) -> MetricFamily:
        """Return the present samples."""
        with self._lock:
            series = tuple(
                Series(labels, samples.sum, tuple(samples.bucket_counts)) for labels, samples in self._samples.items()
            )
        return MetricFamily(self._name, "histogram", self._label_names, series, self._limits)


class _Samples:
    """Samples of one set of label values."""

    def __init__(self, num_buckets: int) -> None:
        self.bucket_counts = [0] * num_buckets
        self.sum = 0


class Metrics:
    """What Python counts for one server; handed down to those who count."""

    def __init__(self) -> None:
        self.load_attempt_count = Counter("/tensorflow/cc/saved_model/load_attempt_count", "model_path", "status")
        """Attempts to load a SavedModel; status is `success` or `fail`."""
        self.load_latency = Counter("/tensorflow/cc/saved_model/load_latency", "model_path")
        """Microseconds spent in them."""
        self.warmup_latency = Histogram(
            "/tensorflow/serving/model_warmup_latency", LATENCY_LIMITS, "model_path", "status"
        )
        """Microseconds of a warm-up that found a file, at its end; status is `OK` or the text of the error."""
        self.warmup_records_read = Counter("/tensorflow/serving/model_warmup_records_read", "model_path", "status")
        """Records that such a warm-up read; same labels, same moment."""
        self.request_log_count = Counter("/tensorflow/serving/request_log_count", "model_name", "status_code")
        """Requests that were chosen to be logged; status_code is the name of a code, `OK` where it was logged."""
        self.request_log_dropped = Counter("salver_request_log_dropped_total", "model_name")
        """Those of them that came faster than they could be written."""

        self.journal_dropped = Counter("salver_journal_dropped_total")
        """Requests that are in no access log or trace, because they came faster than they could be written."""
        self.traces_dropped = Counter("salver_traces_dropped_total")
        """Traced requests that came faster than they could be sent, or that the collector did not take."""

    def snapshot(self) -> list[MetricFamily]:
        """Return all of them."""
        return [metric.snapshot() for metric in vars(self).values()]


def _label_values(name: str, label_names: Sequence[str], labels: dict[str, str]) -> tuple[str, ...]:
    if labels.keys() != set(label_names):
        raise TypeError(f"{name} has the labels {', '.join(label_names)}, got {', '.join(labels)}")
    return tuple(labels[label] for label in label_names)


def _forget_oldest(by_labels: dict[tuple[str, ...], Any]) -> None:
    if len(by_labels) > _MAX_SERIES:
        del by_labels[next(iter(by_labels))]
