"""Models and their versions as a terminal shows them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from salver.admin.model import ModelDocument, Reason, SignatureDocument, VersionDocument
from salver.terminal.numbers import age, duration, size
from salver.terminal.shapes import shape_text

_STYLES = {
    "AVAILABLE": "green",
    "LOADING": "cyan",
    "START": "cyan",
    "UNLOADING": "yellow",
    "FAILED": "bold red",
    "EMPTY": "dim",
    "END": "dim",
}


def models_view(models: Sequence[ModelDocument]) -> RenderableType:
    """All models, and below them what is the matter with those that do not serve."""
    if not models:
        return Text("No models.")
    reasons = [_reason_line(model.name, model.reason) for model in models if model.reason is not None]
    return Group(models_table(models), *([Text(), *reasons] if reasons else []))


def models_table(models: Sequence[ModelDocument]) -> Table:
    """A line for each model."""
    table = plain_table("MODEL", "STATUS", "VERSIONS", "LABELS", ">MEMORY", ">IN FLIGHT", "BATCHING")
    for model in models:
        name = f"{model.name} (pinned)" if model.is_pinned else model.name
        labels = ", ".join(f"{label}={version}" for label, version in sorted(model.version_labels.items()))
        numbers = (optional(model.memory_bytes, size), optional(model.num_in_flight, str))
        table.add_row(name, state(model.status), _versions(model), labels or "-", *numbers, model.batching)
    return table


def description_view(model: ModelDocument, version: VersionDocument | None, now_s: float | None = None) -> Group:
    """All about one model.

    Args:
        model: The model.
        version: One of its versions, with signatures; None shows none.
        now_s: Seconds since the epoch; None asks the clock.
    """
    facts = Table.grid(padding=(0, 3))
    for name, value in _facts(model):
        facts.add_row(name, value)
    parts: list[RenderableType] = [Text(model.name, style="bold"), _indented(facts)]
    if model.versions:
        parts.append(_indented(_versions_table(model.versions, time.time() if now_s is None else now_s), above=1))
    failed = [_reason_line(f"version {one.version}", one.reason) for one in model.versions if one.reason is not None]
    parts += [_indented(line, above=1 if at == 0 else 0) for at, line in enumerate(failed)]
    for name, signature in sorted(((version and version.signatures) or {}).items()):
        parts.append(_indented(_signature(name, signature), above=1))
    return Group(*parts)


def state(word: str) -> Text:
    """A state in its colour."""
    return Text(word, style=_STYLES.get(word, ""))


def optional(value: Any, form: Any) -> str:
    """A number in this form; a dash where there is none."""
    return "-" if value is None else str(form(value))


def plain_table(*names: str, gap: int = 3) -> Table:
    """A table without lines; columns whose name begins with `>` are of numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left")
    return table


def seconds_of(moment: str) -> float:
    """Seconds since the epoch of a time in RFC 3339."""
    return datetime.fromisoformat(moment).timestamp()


def policy_text(policy: Mapping[str, Any]) -> str:
    """A version policy as `salver ctl load --versions` takes it."""
    if "all" in policy:
        return "all"
    if "specific" in policy:
        return ",".join(map(str, policy["specific"].get("versions", ())))
    number = policy.get("latest", {}).get("num_versions", 1)
    return "latest" if number == 1 else f"latest:{number}"


def _versions(model: ModelDocument) -> Text:
    """Numbers by state, those that serve first."""
    serving = [one for one in model.versions if one.state == "AVAILABLE"]
    others = [one for one in model.versions if one.state not in {"AVAILABLE", "END"}]
    text = Text(", ".join(str(one.version) for one in serving) or ("" if others else "-"))
    for one in others:
        text.append(f"{', ' if text else ''}{one.version} {one.state.lower()}", style=_STYLES.get(one.state, ""))
    return text


def _facts(model: ModelDocument) -> Iterator[tuple[str, str | Text]]:
    yield "status", state(model.status)
    if model.reason is not None:
        yield "reason", Text(f"{model.reason.code}: {model.reason.message}", style="red")
    yield "base path", model.base_path or "(brought by the program)"
    yield "platform", model.platform
    yield "versions", policy_text(model.version_policy) + (" (pinned)" if model.is_pinned else "")
    if model.version_labels:
        yield "labels", ", ".join(f"{label} = {version}" for label, version in sorted(model.version_labels.items()))
    if model.aspired_version_policy:
        yield "order", model.aspired_version_policy
    yield "batching", model.batching
    yield "memory", optional(model.memory_bytes, size)
    yield "in flight", optional(model.num_in_flight, str)


def _versions_table(versions: Sequence[VersionDocument], now_s: float) -> Table:
    columns = (
        ">VERSION",
        "STATE",
        ">FOR",
        "LABELS",
        ">MEMORY",
        ">LOADED IN",
        ">IN FLIGHT",
        ">REQUESTS",
    )
    has_failures = any(one.num_failed_loads for one in versions)
    # Without failures all of it fits 80 columns.
    table = plain_table(*columns, *((">FAILED LOADS", "NEXT TRY") if has_failures else ()), gap=2)
    for one in versions:
        retry = "-" if one.next_retry_at is None else f"in {age(seconds_of(one.next_retry_at) - now_s)}"
        table.add_row(
            str(one.version),
            state(one.state),
            age(now_s - seconds_of(one.since)),
            ", ".join(one.labels) or "-",
            optional(one.memory_bytes, size),
            optional(one.load_s, duration),
            optional(one.num_in_flight, str),
            optional(one.num_requests, "{:,}".format),
            *((str(one.num_failed_loads), retry) if has_failures else ()),
        )
    return table


def _signature(name: str, signature: SignatureDocument) -> RenderableType:
    table = Table.grid(padding=(0, 3))
    for word, tensors in (("in", signature.inputs), ("out", signature.outputs)):
        for key, tensor in sorted(tensors.items()):
            table.add_row(word, key, tensor.dtype, shape_text(tensor.shape))
    return Group(Text.assemble((name, "cyan"), f"  {signature.method}"), _indented(table))


def _reason_line(what: str, reason: Reason | None) -> Text:
    return (
        Text("")
        if reason is None
        else Text.assemble((f"{what}: ", "bold"), (f"{reason.code}: {reason.message}", "red"))
    )


def _indented(part: RenderableType, above: int = 0) -> Padding:
    return Padding(part, (above, 0, 0, 2), expand=False)
