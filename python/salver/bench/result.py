"""What one load came to, in the figures that people compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from salver.boundary.load import Buckets, LoadOptions, LoadReport

BUSY_LIMIT = 0.9
"""A generator thread that is at work for more of the time than this is taken for the limit."""
LATE_S = 0.005
"""Requests handed out so much too late, one in a hundred, make an open loop a doubtful one."""


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds, each within a percent; 0 where nothing was answered."""

    mean: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a load."""

    measured_s: float
    offered_per_s: float | None
    """Requests that were due in a second; None in a closed loop."""
    num_answered: int
    num_within: int
    """Answers that came in the measured time: an open loop goes on counting those that come later."""
    num_failed: int
    num_dropped: int
    """Due, but never sent: the generator had no room for more."""
    num_rows: int
    sent_bytes: int
    received_bytes: int
    latency: Latency
    buckets: Buckets
    """What the latencies are from: seconds and counts."""
    failures: Mapping[str, tuple[int, str]]
    generator_cpu_s: float | None
    """Processor time of the generator's threads; None where the system does not say."""
    generator_busy: float | None
    """Share of the time in which its busiest thread had work or waited for a processor."""
    lag_p99_s: float
    """By how much requests of an open loop were handed out too late."""
    failure: str | None
    """Why the load ended before its time."""

    @property
    def requests_per_s(self) -> float:
        """Answers in a second."""
        return self.num_within / self.measured_s if self.measured_s > 0 else 0.0

    @property
    def rows_per_s(self) -> float:
        """Rows of these."""
        return self.requests_per_s * self.num_rows / self.num_answered if self.num_answered else 0.0

    @property
    def due_per_s(self) -> float:
        """Requests in a second that were due, whatever became of them."""
        due = self.num_answered + self.num_failed + self.num_dropped
        return due / self.measured_s if self.measured_s > 0 else 0.0

    @property
    def failed_share(self) -> float:
        """Of all requests that were due, those without a good answer."""
        lost = self.num_failed + self.num_dropped
        return lost / (lost + self.num_answered) if lost else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the figures may be those of the generator rather than the server."""
        found = []
        if self.generator_busy is not None and self.generator_busy > BUSY_LIMIT:
            found.append(
                f"the load generator was at work or waited for a processor {self.generator_busy:.0%} of the time: it, "
                "not the server, may have been the limit (--threads gives it more)"
            )
        if self.lag_p99_s > LATE_S:
            found.append(f"the load generator handed out requests up to {self.lag_p99_s * 1e3:.0f} ms late")
        if self.num_dropped:
            found.append(f"{self.num_dropped:,} requests were due and not sent, because too many waited already")
        return tuple(found)


def result_of(report: LoadReport, options: LoadOptions, rows: Sequence[int]) -> Result:
    """Return the figures of a report; `rows` says how many rows each of the load's bodies has."""
    num_answered = sum(report.answered)
    busy = [cpu + waiting for cpu, waiting in report.busy_s]
    cpu_s = sum(cpu for cpu, _ in report.busy_s) + report.pacer_busy_s[0] * _share_counted(report, options)
    return Result(
        measured_s=report.measured_s,
        offered_per_s=options.requests_per_s,
        num_answered=num_answered,
        num_within=report.num_within,
        num_failed=sum(count for count, _ in report.failures.values()),
        num_dropped=report.num_dropped,
        num_rows=sum(count * size for count, size in zip(report.answered, rows, strict=True)),
        sent_bytes=report.sent_bytes,
        received_bytes=report.received_bytes,
        latency=Latency(
            mean=report.latency_sum_s / num_answered if num_answered else 0.0,
            **{name: quantile(report.latencies, part) for name, part in _QUANTILES},
            max=report.latency_max_s,
        ),
        buckets=report.latencies,
        failures=report.failures,
        generator_cpu_s=cpu_s if busy else None,
        generator_busy=max(busy) / report.measured_s if busy and report.measured_s > 0 else None,
        lag_p99_s=quantile(report.lags, 0.99),
        failure=report.failure,
    )


_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999))


def _share_counted(report: LoadReport, options: LoadOptions) -> float:
    """Of the pacer's time, which spans the warm-up, the part that belongs to the measured time."""
    whole = options.warmup_s + report.measured_s
    return report.measured_s / whole if whole > 0 else 0.0


def quantile(buckets: Buckets, part: float) -> float:
    """Return the time that this part of the times does not exceed; 0 where there are none."""
    wanted = part * sum(count for _, count in buckets)
    seen = 0
    for seconds, count in buckets:
        seen += count
        if seen >= wanted:
            return seconds
    return buckets[-1][0] if buckets else 0.0


def result_document(result: Result) -> dict[str, Any]:
    """Return a result as JSON has it: its fields, and the rates."""
    rates = {"requests_per_s": result.requests_per_s, "rows_per_s": result.rows_per_s}
    return {**rates, **asdict(result), "warnings": list(result.warnings)}
