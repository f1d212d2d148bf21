"""A profile and what it advises, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from salver.boundary import BatchingPolicy
from salver.profile import Profile
from salver.terminal.numbers import duration, rate
from salver.tune.advice import Advice, Comparison, Sustainable
from salver.tune.trials import Trial


def advice_view(profile: Profile, advice: Advice) -> RenderableType:
    """Everything but the file of parameters; rows/s with an exclamation mark are less than what comes."""
    title = Text.assemble((profile.model, "bold"), f" version {profile.version}  ", (profile.signature, "cyan"))
    parts: list[RenderableType] = [title]
    parts += [_indented(Text(line)) for line in (*_facts(profile, advice), *profile.notes)]
    parts += [_below(_curve(profile)), _below(_loads(advice.comparisons))]
    if advice.sustainable:
        parts.append(_below(_rates(advice.sustainable)))
    parts.append(_below(Text(_sentence(advice.reason), style="bold")))
    return Group(*parts)


def _indented(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def _below(part: RenderableType) -> Padding:
    return Padding(part, (1, 0, 0, 2), expand=False)


def _facts(profile: Profile, advice: Advice) -> Iterator[str]:
    yield from (f"input {line}" for line in profile.inputs)
    alone = profile.points[0].rows / max(profile.points[0].p50_s, 1e-9)
    yield f"runs up to {rate(advice.capacity)} rows/s, {rate(alone)} one by one on one runner"
    if profile.num_runners > 1:
        slower = f"slowed by {profile.sharing:.0%} of a run for each other one"
        yield f"{profile.num_runners} runners, {slower if profile.sharing >= 0.005 else 'which do not slow each other'}"


def _curve(profile: Profile) -> Table:
    table = _numbers(("rows", "run p50", "run p90", "rows/s"))
    for point in profile.points:
        speed = rate(point.rows / max(point.p50_s, 1e-9))
        table.add_row(f"{point.rows:,}", duration(point.p50_s), duration(point.p90_s), speed)
    return table


def _loads(comparisons: Iterable[Comparison]) -> Table:
    table = _numbers(("load", "rows/s", "p50", "p99", "mean batch", "setting", "size", "timeout"))
    for comparison in comparisons:
        for trial in (comparison.adaptive, comparison.static):
            table.add_row(*_figures(trial), *_setting_columns(trial.policy))
    return table


def _figures(trial: Trial) -> Iterator[str]:
    report = trial.report
    yield str(trial.load)
    yield rate(report.rows_per_s) + ("" if trial.keeps_up else "!")
    yield duration(report.p50_s)
    yield duration(report.p99_s)
    yield f"{report.mean_batch_rows:.3g}"


def _setting_columns(policy: BatchingPolicy) -> tuple[str, ...]:
    if policy.is_adaptive:
        return ("adaptive", "", "")
    return ("static", f"{policy.max_batch_size:,}", duration(policy.batch_timeout_s))


def _rates(found: Iterable[Sustainable]) -> Table:
    table = _numbers(("holds the target up to", "setting", "size", "timeout"))
    for item in found:
        table.add_row(f"{rate(item.requests_per_s)}/s", *_setting_columns(item.policy))
    return table


def setting(policy: BatchingPolicy) -> str:
    """A setting in a few words."""
    if policy.is_adaptive:
        return "adaptive"
    return f"static, up to {policy.max_batch_size:,} rows, timeout {duration(policy.batch_timeout_s)}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _numbers(names: Iterable[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    return table
