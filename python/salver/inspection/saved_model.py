"""SavedModels, read without TensorFlow: `saved_model.pb` is walked in place, for it may be large."""

from __future__ import annotations

import mmap
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from salver.errors import DataLossError, InvalidArgumentError, SalverError, UnimplementedError, error_from_code
from salver.inspection.proto_fields import Span
from salver.inspection.report import GraphReport
from salver.inspection.signatures import signature_reports

if TYPE_CHECKING:
    from salver.wire import Message

FILES = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
"""What makes a directory a SavedModel, in the order in which they are looked for."""

# Field numbers.
_META_GRAPHS = 2
_META_INFO, _GRAPH, _SIGNATURES = 1, 2, 5
_NODES, _LIBRARY = 1, 2
_FUNCTIONS = 1
_NODES_OF_FUNCTION = 3
_OPERATION = 2
_MAP_KEY, _MAP_VALUE = 1, 2

_OP_IN_TEXT = re.compile(r'^\s*op: "([^"]+)"', re.MULTILINE)


def graphs_in(directory: str) -> tuple[GraphReport, ...]:
    """Return what the MetaGraphs of a SavedModel say.

    Raises:
        DataLossError: The file is damaged, empty or no SavedModel.
        UnimplementedError: It is in a form that only TensorFlow reads.
    """
    name = next(name for name in FILES if os.path.isfile(os.path.join(directory, name)))
    path = os.path.join(directory, name)
    try:
        if name.endswith(".cpb"):
            raise UnimplementedError("a SavedModel in chunks is read by TensorFlow alone")
        graphs = _graphs_in_text(path) if name.endswith(".pbtxt") else _graphs_in_file(path)
    except SalverError as error:
        raise error_from_code(error.code, f"{name}: {error.message}") from None
    if not graphs:
        raise DataLossError(f"{name} has no MetaGraph: it is damaged, or no SavedModel")
    return graphs


def _graphs_in_file(path: str) -> tuple[GraphReport, ...]:
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise DataLossError("the file is empty: it may still be written")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
            try:
                return tuple(map(_graph, Span(view, 0, len(view)).messages(_META_GRAPHS)))
            except DataLossError as error:
                raise DataLossError(f"the file is damaged, cut short or no SavedModel ({error.message})") from None


def _graph(meta_graph: Span) -> GraphReport:
    info, signatures, graph = None, {}, None
    for number, value in meta_graph.fields():
        if not isinstance(value, Span):
            continue
        if number == _META_INFO:
            info = _message("tensorflow.MetaGraphDef.MetaInfoDef", value)
        elif number == _SIGNATURES:
            name, signature = _signature(value)
            signatures[name] = signature
        elif number == _GRAPH:
            graph = value
    operations, num_functions = (Counter[str](), 0) if graph is None else _operations(graph)
    return _report(info, signatures, operations, num_functions)


def _report(
    info: Message | None, signatures: dict[str, Message], operations: Counter[str], num_functions: int
) -> GraphReport:
    version = "" if info is None else info.tensorflow_version
    return GraphReport(
        tags=() if info is None else tuple(info.tags),
        made_with=f"TensorFlow {version}" if version else "",
        signatures=signature_reports(signatures),
        num_nodes=operations.total(),
        num_functions=num_functions,
        operations=dict(sorted(operations.items(), key=lambda item: (-item[1], item[0]))),
    )


def _message(full_name: str, span: Span) -> Message:
    from google.protobuf.message import DecodeError

    from salver import wire

    try:
        return wire.message_class(full_name).FromString(span.content())
    except DecodeError:
        raise DataLossError(f"there is no {full_name} where one should be") from None


def _signature(entry: Span) -> tuple[str, Message]:
    key, value = entry.first(_MAP_KEY), entry.first(_MAP_VALUE)
    name = "" if key is None else key.content().decode(errors="replace")
    return name, _message("tensorflow.SignatureDef", value or Span(entry.buffer, entry.end, entry.end))


def _operations(graph: Span) -> tuple[Counter[str], int]:
    """How often each kind of operation stands in the graph and its functions, and how many functions there are."""
    counted: Counter[bytes] = Counter()
    num_functions = 0
    counted.update(_kinds(graph.messages(_NODES)))
    for library in graph.messages(_LIBRARY):
        for function in library.messages(_FUNCTIONS):
            num_functions += 1
            counted.update(_kinds(function.messages(_NODES_OF_FUNCTION)))
    return Counter({kind.decode(errors="replace"): num for kind, num in counted.items()}), num_functions


def _kinds(nodes: Iterable[Span]) -> Iterator[bytes]:
    for node in nodes:
        # Names come first, the attributes with all constants last and unread.
        kind = node.first(_OPERATION)
        if kind is not None:
            yield kind.content()


def _graphs_in_text(path: str) -> tuple[GraphReport, ...]:
    from google.protobuf import text_format

    from salver import wire

    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        saved_model = wire.SavedModel()
        # The graph has no descriptors here, and is looked at as text.
        text_format.Parse(text, saved_model, allow_unknown_field=True, descriptor_pool=wire.pool())
    except (text_format.ParseError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgumentError(f"the file cannot be read: {error}") from None
    # Of one graph alone it is plain which operations are its own.
    graphs = list(saved_model.meta_graphs)
    operations = Counter(_OP_IN_TEXT.findall(text)) if len(graphs) == 1 else Counter[str]()
    return tuple(_report(graph.meta_info_def, dict(graph.signature_def), operations, 0) for graph in graphs)
