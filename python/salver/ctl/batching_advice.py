"""What an operator could do about batching, said where it is plain."""

from __future__ import annotations

from collections.abc import Callable

from salver.boundary import BatchingReport
from salver.terminal.numbers import share

_MIN_BATCHES = 50
"""Fewer say nothing."""
_MOST = 0.8
_MUCH_PADDING = 0.25
_MANY_REFUSED = 0.01
_PAYS = 1.1
"""Growth of rows/s from one point of the curve to the next that is worth having."""


def advice(report: BatchingReport) -> str | None:
    """Return one sentence, or None where nothing is plain."""
    if report.num_batches < _MIN_BATCHES:
        return None
    return next(filter(None, (rule(report) for rule in _RULES)), None)


def _no_room(report: BatchingReport) -> str | None:
    refused = report.refusals.get("queue_full", 0)
    return _refused(report, refused, "found no room in the queue: more load comes than this model can take here")


def _late(report: BatchingReport) -> str | None:
    return _refused(report, report.refusals.get("late", 0), "were refused because they could not meet their deadline")


def _refused(report: BatchingReport, refused: int, what: str) -> str | None:
    asked = report.num_requests + sum(report.refusals.values())
    return f"{share(refused, asked)} of the requests {what}." if refused > asked * _MANY_REFUSED else None


def _is_off_and_waits(report: BatchingReport) -> str | None:
    waits = report.wait is not None and report.run is not None and report.wait.p50_s > report.run.p50_s
    if report.mode != "off" or not waits:
        return None
    return "Requests wait longer than they run: with batching (--enable_batching) they would run together."


def _idles(report: BatchingReport) -> str | None:
    alone = sum(size.num_batches for size in report.batch_sizes if size.max_rows <= 1)
    idle = report.departures.get("idle_runner", 0)
    few = min(alone, idle)
    if report.mode == "off" or few < _MOST * report.num_batches:
        return None
    return f"{_of_ten(few, report)} left with one row because a runner was idle: no load to batch."


def _waits_in_vain(report: BatchingReport) -> str | None:
    timeouts = report.departures.get("timeout", 0)
    is_small = report.num_rows * 4 <= report.policy.max_batch_size * report.num_batches
    if timeouts < _MOST * report.num_batches or not is_small:
        return None
    least = "at a quarter of max_batch_size or less on average"
    return (
        f"{_of_ten(timeouts, report)} left on the timeout, {least}: a shorter batch_timeout_micros would cost little."
    )


def _pads(report: BatchingReport) -> str | None:
    run = report.num_rows + report.num_padding_rows
    if report.num_padding_rows < _MUCH_PADDING * run:
        return None
    return (
        f"{share(report.num_padding_rows, run)} of the rows that ran were padding: more allowed_batch_sizes waste less."
    )


def _is_full(report: BatchingReport) -> str | None:
    full = report.departures.get("full", 0)
    speeds = [point.rows / point.p50_s for point in report.curve if point.p50_s > 0]
    still_grows = len(speeds) > 1 and speeds[-1] >= _PAYS * speeds[-2]
    if full < _MOST * report.num_batches or not still_grows:
        return None
    return f"{_of_ten(full, report)} left full, and rows/s still grow with their size: try a larger max_batch_size."


def _of_ten(part: int, report: BatchingReport) -> str:
    return f"{round(10 * part / report.num_batches)} of 10 batches"


_RULES: tuple[Callable[[BatchingReport], str | None], ...] = (
    _no_room,
    _late,
    _is_off_and_waits,
    _idles,
    _waits_in_vain,
    _pads,
    _is_full,
)
"""By weight: the first that applies is told."""
