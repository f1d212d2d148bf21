"""One version directory: which format it has, and all there is to tell of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from salver.errors import InvalidArgumentError, SalverError, as_salver_error
from salver.inspection import python_servable, saved_model, tflite
from salver.inspection.known_operations import known_operations
from salver.inspection.report import FileReport, GraphReport, SignatureReport, VersionReport, WarmupReport
from salver.records.recorded_request import recorded_request
from salver.records.request_form import RequestForm
from salver.records.warmup_files import WarmupFile, files_of_version
from salver.servables.lookup_table import FILE_NAME as TABLE

FORMATS = {
    **dict.fromkeys(saved_model.FILES, "SavedModel"),
    tflite.FILE_NAME: "TFLite",
    python_servable.FILE_NAME: "Python servable",
    TABLE: "lookup table",
}
"""Formats by the file that makes a directory a model, in the order in which they are looked for."""
_PLATFORMS = {
    "SavedModel": "tensorflow",
    "TFLite": "tflite",
    "Python servable": "python",
    "lookup table": "lookup_table",
}
_IGNORED_OPS = frozenset({"_Arg", "_Retval"})


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How far an inspection goes."""

    runs_code: bool = False
    """Whether a Python servable is loaded, which runs its code."""
    asks_tensorflow: bool = False
    """Whether the installed TensorFlow is asked which operations it has."""


def format_of(directory: str) -> str | None:
    """Return the format of a version directory; None where it holds no model."""
    return next((FORMATS[name] for name in FORMATS if os.path.isfile(os.path.join(directory, name))), None)


def inspect_version(directory: str, format: str, depth: Depth = Depth()) -> VersionReport:  # frozen
    """Return what there is to tell of a version directory.

    Raises:
        SalverError: Its model is damaged, not finished, or cannot be read here.
    """
    graphs, notes = _graphs(directory, format, depth)
    present = sorted({FORMATS[name] for name in FORMATS if os.path.isfile(os.path.join(directory, name))} - {format})
    if format == "SavedModel" and "TFLite" in present:
        notes += (f"{tflite.FILE_NAME} beside it is served in its place with --prefer_tflite_model",)
    variables = os.path.join(directory, "variables")
    return VersionReport(
        format=format,
        platform=_PLATFORMS[format],
        num_bytes=sum(file.num_bytes for file in _files(directory)),
        graphs=graphs,
        variables_bytes=sum(file.num_bytes for file in _files(variables)) if os.path.isdir(variables) else None,
        assets=tuple(sorted(_files(os.path.join(directory, "assets")), key=lambda file: file.name)),
        warmup=tuple(_warmup(file, graphs, format) for file in files_of_version(directory)),
        notes=notes + _odd(directory, format),
    )


def _graphs(directory: str, format: str, depth: Depth) -> tuple[tuple[GraphReport, ...], tuple[str, ...]]:
    if format == "SavedModel":
        graphs = saved_model.graphs_in(directory)
        known = known_operations() if depth.asks_tensorflow else None
        return tuple(graph if known is None else _checked(graph, known) for graph in graphs), ()
    if format == "TFLite":
        return (tflite.graph_in(os.path.join(directory, tflite.FILE_NAME)),), ()
    if format == "lookup table":
        return (), (_table_note(directory),)
    notes = python_servable.notes_on(directory)
    if depth.runs_code:
        return (python_servable.loaded_graph(directory),), notes
    return (), (*notes, "its signatures are known once it is loaded: --load runs its code")


def _checked(graph: GraphReport, known: frozenset[str]) -> GraphReport:
    unknown = graph.operations.keys() - known - _IGNORED_OPS
    return replace(graph, unknown_operations=tuple(sorted(unknown)))


def _table_note(directory: str) -> str:
    try:
        with open(os.path.join(directory, TABLE), "rb") as file:
            table = json.load(file)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{TABLE} is no JSON: {error}") from None
    if not isinstance(table, dict):
        raise InvalidArgumentError(f"{TABLE} is no JSON object")
    return f"{len(table)} keys"


def _odd(directory: str, format: str) -> tuple[str, ...]:
    variables = os.path.join(directory, "variables")
    if format != "SavedModel" or not os.path.isdir(variables):
        return ()
    names = os.listdir(variables)
    if names and "variables.index" not in names:
        return ("variables/ has no variables.index: the export is not finished, and its variables are not restored",)
    return ()


def _files(directory: str) -> Iterator[FileReport]:
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            try:
                yield FileReport(name=os.path.relpath(path, directory), num_bytes=os.stat(path).st_size)
            except OSError:  # removed meanwhile, or a dangling link
                continue


def _warmup(file: WarmupFile, graphs: tuple[GraphReport, ...], format: str) -> WarmupReport:
    num_records, problem = 0, None
    try:
        for record in file.records(lambda: _forms(graphs, format)):
            recorded_request(record.record)
            num_records += 1
    except (SalverError, OSError) as error:
        problem = as_salver_error(error).message
    return WarmupReport(name=file.name, num_records=num_records, problem=problem)


def _forms(graphs: tuple[GraphReport, ...], format: str) -> dict[str, RequestForm]:
    from salver.inspection.request_forms import forms_of_reports

    signatures: dict[str, SignatureReport] = {}
    for graph in graphs:
        signatures |= graph.signatures
    if not signatures:
        raise InvalidArgumentError(f"the signatures of a {format} are not known here, so this cannot be checked")
    return forms_of_reports(signatures)
