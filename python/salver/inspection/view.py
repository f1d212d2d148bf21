"""Inspections as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from salver.inspection.report import BasePathReport, GraphReport, SignatureReport, TensorReport, VersionReport
from salver.terminal.numbers import size
from salver.terminal.shapes import shape_text

_MAX_OPERATIONS = 8


def version_view(report: VersionReport, *, all_operations: bool = False) -> RenderableType:
    """Return what is shown of a version."""
    parts: list[RenderableType] = [f"[bold]{report.format}[/]  {size(report.num_bytes)}, platform {report.platform}"]
    parts += [Padding(_files(report), (0, 2))] if report.variables_bytes or report.assets or report.warmup else []
    parts += [Padding(f"[yellow]note[/] {escape(note)}", (0, 2)) for note in report.notes]
    for graph in report.graphs:
        parts += ["", *_graph(graph, all_operations=all_operations)]
    return Group(*parts)


def base_path_view(report: BasePathReport) -> RenderableType:
    """Return what is shown of a base path."""
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for title in ("version", "directory", "format", "size", "served by version_policy"):
        table.add_column(title, justify="right" if title in {"version", "size"} else "left")
    for line in report.versions:
        served = ", ".join(line.served_by) if line.is_settled else "none yet: written to just now, or empty"
        table.add_row(
            str(line.version), escape(line.directory), line.format or "no model", size(line.num_bytes), served
        )
    parts: list[RenderableType] = ["[bold]Base path[/]", Padding(table, (0, 2))]
    if report.passed_over:
        parts.append(Padding(f"passed over: {escape(', '.join(report.passed_over))}", (0, 2)))
    return Group(*parts)


def _files(report: VersionReport) -> Table:
    table = Table.grid(padding=(0, 2))
    if report.variables_bytes is not None:
        table.add_row("variables", size(report.variables_bytes))
    for asset in report.assets:
        table.add_row("asset", f"{escape(asset.name)}, {size(asset.num_bytes)}")
    for file in report.warmup:
        text = f"{escape(file.name)}, {file.num_records} records"
        table.add_row("warm-up", f"{text}; [red]{escape(file.problem)}[/]" if file.problem else text)
    return table


def _graph(graph: GraphReport, *, all_operations: bool) -> Iterator[RenderableType]:
    title = f"tags {', '.join(graph.tags)}" if graph.tags else "model"
    yield f"[bold]{escape(title)}[/]" + (f"  made with {escape(graph.made_with)}" if graph.made_with else "")
    for name, signature in graph.signatures.items():
        yield Padding(_signature(name, signature), (0, 2))
    if not graph.signatures:
        yield Padding("no signatures", (0, 2))
    if graph.operations:
        yield Padding(_operations(graph, all_operations=all_operations), (0, 2))


def _signature(name: str, signature: SignatureReport) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for side, tensors in (("in", signature.inputs), ("out", signature.outputs)):
        for row in _rows(side, tensors.items()):
            table.add_row(*row)
    method = f"  {escape(signature.method)}" if signature.method else ""
    return Group(f"[bold cyan]{escape(name)}[/]{method}", Padding(table, (0, 2)))


def _rows(side: str, tensors: Iterable[tuple[str, TensorReport]]) -> Iterator[tuple[str, ...]]:
    for name, tensor in tensors:
        default = "has a default" if tensor.has_default else ""
        yield side, escape(name), tensor.dtype, escape(shape_text(tensor.shape)), escape(tensor.tensor), default


def _operations(graph: GraphReport, *, all_operations: bool) -> RenderableType:
    shown = list(graph.operations.items())[: None if all_operations else _MAX_OPERATIONS]
    functions = f" in the graph and {graph.num_functions} functions" if graph.num_functions else ""
    lines = [f"{graph.num_nodes} operations of {len(graph.operations)} kinds{functions}"]
    more = "" if len(shown) == len(graph.operations) else ", ... (--ops shows all)"
    lines.append(escape(", ".join(f"{num} {name}" if num > 1 else name for name, num in shown)) + more)
    needed = sorted({*graph.custom_operations, *(graph.unknown_operations or ())})
    if needed:
        lines.append(f"[yellow]need a library of their own:[/] {escape(', '.join(needed))}")
    elif graph.unknown_operations is not None:
        lines.append("the installed TensorFlow has all of them")
    return Group(*(line if index == 0 else Padding(line, (0, 2)) for index, line in enumerate(lines)))
