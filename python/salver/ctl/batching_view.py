"""Reports on batching as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from salver.boundary import BatchingPolicy, BatchingReport, CurvePoint, Quantiles
from salver.ctl.batching_advice import advice
from salver.terminal.numbers import duration, rate, share


def reports_view(reports: Sequence[BatchingReport]) -> RenderableType:
    """All reports, one below the other."""
    if not reports:
        return Text("No version serves.")
    views = [_report_view(report) for report in reports]
    spaced = [part for view in views for part in (Text(), view)]
    return Group(*spaced[1:])


def _report_view(report: BatchingReport) -> RenderableType:
    title = Text.assemble((report.model, "bold"), f" version {report.version}  ", (report.signature, "cyan"))
    parts: list[RenderableType] = [title, _indented(Text(f"{report.mode}: {'; '.join(_limits(report))}"))]
    parts.append(_indented(_facts(report)))
    if report.wait is not None or report.run is not None:
        parts.append(_indented(_times(report), above=1))
    if report.curve:
        parts.append(_indented(_curve(report.curve), above=1))
    sentence = advice(report)
    if sentence:
        parts.append(_indented(Text(sentence, style="yellow"), above=1))
    return Group(*parts)


def _indented(part: RenderableType, above: int = 0) -> Padding:
    return Padding(part, (above, 0, 0, 2), expand=False)


def _limits(report: BatchingReport) -> Iterator[str]:
    policy = report.policy
    if report.mode == "off":
        yield "requests run one by one"
        return
    yield f"up to {policy.max_batch_size:,} rows a batch"
    yield from _adaptive_limits(policy) if policy.is_adaptive else _static_limits(policy)
    if policy.allowed_batch_sizes:
        yield f"sizes {', '.join(map(str, policy.allowed_batch_sizes))}"
    if policy.length_buckets:
        yield "requests of like lengths together"
    if policy.max_in_flight_batches is not None:
        yield f"at most {policy.max_in_flight_batches} in flight"
    if policy.weight != 1:
        yield f"weight {policy.weight:g}"


def _adaptive_limits(policy: BatchingPolicy) -> Iterator[str]:
    if policy.latency_slo_s is not None:
        yield f"99 of 100 requests within {duration(policy.latency_slo_s)}"


def _static_limits(policy: BatchingPolicy) -> Iterator[str]:
    yield f"timeout {duration(policy.batch_timeout_s)}" if policy.batch_timeout_s else "no timeout"
    yield f"{policy.max_enqueued_batches:,} batches may wait"
    if policy.enable_large_batch_splitting:
        yield "large requests are split"


def _facts(report: BatchingReport) -> Table:
    table = Table.grid(padding=(0, 3))
    table.add_row("now", f"{report.num_in_flight} in flight, {_count(report.num_queued_rows, 'row')} waiting")
    table.add_row("drains", f"{rate(report.rows_per_s)} rows/s")
    table.add_row("batches", f"{report.num_batches:,} of {_count(report.num_requests, 'request')}{_mean_rows(report)}")
    if report.departures:
        table.add_row("left", _shares(report.departures))
    if report.batch_sizes:
        table.add_row("rows", _sizes(report))
    if report.num_padding_rows:
        table.add_row(
            "padding", f"{share(report.num_padding_rows, report.num_rows + report.num_padding_rows)} of all rows"
        )
    if report.refusals:
        table.add_row("refused", ", ".join(f"{_words(name)} {count:,}" for name, count in _by_count(report.refusals)))
    return table


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _mean_rows(report: BatchingReport) -> str:
    return f", {report.num_rows / report.num_batches:.3g} rows each" if report.num_batches else ""


def _shares(counts: Mapping[str, int]) -> str:
    whole = sum(counts.values())
    return ", ".join(f"{_words(name)} {share(count, whole)}" for name, count in _by_count(counts))


def _by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _sizes(report: BatchingReport) -> str:
    whole = sum(size.num_batches for size in report.batch_sizes)
    parts, below = [], 0
    for size in report.batch_sizes:
        span = f"{size.max_rows}" if size.max_rows <= below + 1 else f"{below + 1}-{size.max_rows}"
        if size.num_batches:
            parts.append(f"{span}: {share(size.num_batches, whole)}")
        below = size.max_rows
    return ", ".join(parts)


def _times(report: BatchingReport) -> Table:
    table = _numbers(("", "p50", "p90", "p99"))
    for name, quantiles in (("wait", report.wait), ("run", report.run)):
        if quantiles is not None:
            table.add_row(name, *_quantiles(quantiles))
    return table


def _quantiles(quantiles: Quantiles) -> Iterable[str]:
    return (duration(value) for value in (quantiles.p50_s, quantiles.p90_s, quantiles.p99_s))


def _spread(curve: Sequence[CurvePoint]) -> Iterator[CurvePoint]:
    """The first and the last point, and those in between that double the rows: every size that ran has a point."""
    rows = 0
    for point in curve[:-1]:
        if point.rows >= 2 * rows:
            rows = point.rows
            yield point
    yield from curve[-1:]


def _curve(curve: Sequence[CurvePoint]) -> Table:
    table = _numbers(("rows", "run p50", "run p90", "rows/s", "samples"))
    for point in _spread(curve):
        speed = rate(point.rows / point.p50_s) if point.p50_s > 0 else "-"
        table.add_row(f"{point.rows:,}", duration(point.p50_s), duration(point.p90_s), speed, f"{point.samples:,}")
    return table


def _numbers(names: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, justify="right" if name else "left")
    return table
