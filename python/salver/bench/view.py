"""Results as a terminal shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from salver.bench.bodies import Bodies
from salver.bench.comparison import Ratio
from salver.bench.knee import Step
from salver.bench.result import Latency, Result
from salver.bench.search import FoundKnee
from salver.bench.target import Target
from salver.boundary.load import LoadProgress
from salver.terminal.numbers import duration, rate

_Figure = tuple[str, Callable[[Result], str]]


def _time_of(read: Callable[[Latency], float]) -> Callable[[Result], str]:
    return lambda result: duration(read(result.latency)) if result.num_answered else "-"


_RATE: _Figure = ("requests/s", lambda result: rate(result.requests_per_s))
_ROWS: _Figure = ("rows/s", lambda result: rate(result.rows_per_s))
_P50: _Figure = ("p50", _time_of(lambda latency: latency.p50))
_P99: _Figure = ("p99", _time_of(lambda latency: latency.p99))
_TAIL: tuple[_Figure, ...] = (
    ("p99.9", _time_of(lambda latency: latency.p999)),
    ("max", _time_of(lambda latency: latency.max)),
    ("failed", lambda result: f"{result.num_failed + result.num_dropped:,}"),
)
_OF_ONE = (_RATE, _P50, ("p90", _time_of(lambda latency: latency.p90)), _P99, *_TAIL)
"""Of one load; rows, where a request has several, come second. All of it fits a terminal of 80 columns."""
_OF_ROUNDS = (_RATE, _P50, _P99, *_TAIL)


def heading(target: Target, bodies: Bodies, load: str) -> RenderableType:
    """What is measured."""
    model = target.model
    version = f" version {model.version}" if model.version is not None else f" {model.label}" if model.label else ""
    speaks = ("gRPC" if target.protocol == "grpc" else "REST") + (" with TLS" if target.tls else "")
    title = Text.assemble((model.name, "bold"), f"{version} at ", (target.address, "cyan"), f", {speaks}")
    return Group(title, _indented(Text(f"{load}; requests {bodies.origin}")))


def result_view(result: Result, load: str) -> RenderableType:
    """The figures of one load."""
    has_rows = result.num_rows != result.num_answered
    figures = (_RATE, _ROWS, *_OF_ONE[1:]) if has_rows else _OF_ONE
    return _below(Group(_results([(load, result)], figures), *_notes(result)))


def comparison_view(addresses: Sequence[str], rounds: Sequence[tuple[Result, ...]], ratios: Iterable[Ratio]) -> Group:
    """The rounds of two servers, and the ratios of the second to the first."""
    rows = [
        (f"{index + 1}  {address}", result)
        for index, results in enumerate(rounds)
        for address, result in zip(addresses, results, strict=True)
    ]
    notes = dict.fromkeys(note for _, result in rows for note in _note_texts(result))
    parts: list[RenderableType] = [_below(_results(rows, _OF_ROUNDS)), *(_indented(_warning(note)) for note in notes)]
    return Group(*parts, _below(ratio_table(f"{addresses[1]} over {addresses[0]}", ratios)))


def ratio_view(title: str, ratios: Iterable[Ratio]) -> RenderableType:
    """Ratios alone."""
    return _below(ratio_table(title, ratios))


def ratio_table(title: str, ratios: Iterable[Ratio]) -> Table:
    """Ratios with the spread between rounds."""
    table = _numbers((title, "ratio", "from", "to"))
    table.add_column("", no_wrap=True)
    for ratio in ratios:
        table.add_row(ratio.metric, f"{ratio.median:.3f}", f"{ratio.low:.3f}", f"{ratio.high:.3f}", ratio.verdict)
    return table


def knee_view(found: FoundKnee) -> RenderableType:
    """The steps of a search, and where the knee is."""
    knee = found.knee
    head = "requests/s" if knee.by == "rate" else "in flight"
    table = _numbers((head, "answers/s", "p99", "failed"))
    table.add_column("", no_wrap=True)
    for step in sorted(knee.steps, key=lambda step: step.load):
        verdict = "the knee" if knee.best == step else step.fault or ""
        table.add_row(*_step_figures(step), Text(verdict, style="bold" if knee.best == step else ""))
    unloaded = f"one at a time: p50 {duration(found.unloaded.latency.p50)}, p99 {duration(found.unloaded.latency.p99)}"
    origin = "as given" if found.is_bound_given else "made from the unloaded p99"
    bound = f"a p99 of up to {duration(knee.max_p99_s)} is good, {origin}"
    lines = [_indented(Text(f"{unloaded}; {bound}")), _below(table), _below(Text(f"{_sentence(knee.reason)}"))]
    answer = "no load was good" if knee.best is None else f"Knee: {_knee(found)}"
    capacity = f"at most {rate(knee.capacity)} answers/s at any load"
    return Group(*lines, _indented(Text(f"{answer}; {capacity}.", style="bold")))


def _knee(found: FoundKnee) -> str:
    best = found.knee.best
    assert best is not None
    if found.knee.by == "rate":
        return f"{rate(best.load)} requests/s with a p99 of {duration(best.p99_s)}"
    return f"{best.load:,.0f} in flight, {rate(best.goodput)} requests/s with a p99 of {duration(best.p99_s)}"


def step_line(step: Step) -> str:
    """A step in one line, as it ends."""
    load, goodput, p99, failed = _step_figures(step)
    return f"  {load}: {goodput} answers/s, p99 {p99}, failed {failed}"


def progress_line(progress: LoadProgress, before: LoadProgress | None) -> str:
    """A second of a load in one line."""
    if progress.is_warming_up:
        return "  warming up"
    seconds = progress.measured_s - (before.measured_s if before else 0.0)
    answered = progress.num_answered - (before.num_answered if before else 0)
    speed = rate(answered / seconds) if seconds > 0 else "0"
    times = f"p50 {duration(progress.recent_p50_s)}, p99 {duration(progress.recent_p99_s)}"
    lost = progress.num_failed + progress.num_dropped
    return f"  {progress.measured_s:.0f} s: {speed}/s, {times}" + (f", {lost:,} failed" if lost else "")


def _step_figures(step: Step) -> tuple[str, str, str, str]:
    failed = f"{step.failed_share:.1%}" if step.failed_share else "0"
    return rate(step.load), rate(step.goodput), duration(step.p99_s), failed


def _results(rows: Iterable[tuple[str, Result]], figures: Sequence[_Figure]) -> Table:
    table = _numbers(("", *(name for name, _ in figures)))
    for name, result in rows:
        table.add_row(name, *(figure(result) for _, figure in figures))
    return table


def _notes(result: Result) -> Iterator[RenderableType]:
    """What else is to be said of one load."""
    for kind, (count, message) in sorted(result.failures.items(), key=lambda item: -item[1][0]):
        yield Text(f"{count:,} times {kind}: {' '.join(message.split())[:300]}", style="red")
    mb_out, mb_in = (size / max(result.measured_s, 1e-9) / 1e6 for size in (result.sent_bytes, result.received_bytes))
    used = ""
    if result.generator_cpu_s is not None and result.num_answered:
        used = f"; the generator took {duration(result.generator_cpu_s / result.num_answered)} of processor a request"
    yield Text(f"{mb_out:,.3g} MB/s out, {mb_in:,.3g} MB/s in{used}", style="dim")
    for note in _note_texts(result):
        yield _warning(note)


def _note_texts(result: Result) -> Iterator[str]:
    yield from result.warnings
    if result.failure is not None:
        yield f"ended after {result.measured_s:.1f} s: {result.failure}"


def _warning(text: str) -> Text:
    return Text(f"Warning: {text}", style="yellow")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def _below(part: RenderableType) -> Padding:
    return Padding(part, (1, 0, 0, 2), expand=False)


def _numbers(names: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, name in enumerate(names):
        table.add_column(name, justify="right" if index else "left", no_wrap=True)
    return table
