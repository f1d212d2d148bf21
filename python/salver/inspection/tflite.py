"""TFLite models, read without the interpreter: the flatbuffer says all of it."""

from __future__ import annotations

import mmap
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from salver.errors import DataLossError, FailedPreconditionError
from salver.inspection.report import GraphReport, SignatureReport, TensorReport
from salver.inspection.signatures import signature_reports
from salver.servables.servable import DEFAULT_SIGNATURE, PREDICT_METHOD

FILE_NAME = "model.tflite"

_DTYPES = {
    "FLOAT32": "DT_FLOAT",
    "FLOAT16": "DT_HALF",
    "FLOAT64": "DT_DOUBLE",
    "STRING": "DT_STRING",
    "BOOL": "DT_BOOL",
}
"""Types whose names differ from those of the wire by more than the prefix."""
_CUSTOM = "CUSTOM"


def graph_in(path: str) -> GraphReport:
    """Return what a TFLite file says.

    Raises:
        FailedPreconditionError: What reads it is not installed.
        DataLossError: It is damaged, or none.
    """
    schema = _schema()
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise DataLossError(f"{FILE_NAME} is empty: it may still be written")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            if len(mapped) < 8 or not schema.Model.ModelBufferHasIdentifier(mapped, 0):
                raise DataLossError(f"{FILE_NAME} is no TFLite model")
            try:
                return _graph(schema, schema.Model.GetRootAs(mapped, 0), mapped)
            except Exception as error:  # noqa: BLE001  # whatever numpy and struct say of offsets that lead nowhere
                raise DataLossError(f"{FILE_NAME} is damaged ({type(error).__name__}: {error})") from None


def _schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError:
        raise FailedPreconditionError(
            "TFLite models need the package ai-edge-litert. Install it with: pip install 'salver[tflite]'"
        ) from None
    return schema_py_generated


def _graph(schema: Any, model: Any, content: Any) -> GraphReport:
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    codes = [_operation(names, model.OperatorCodes(at)) for at in range(model.OperatorCodesLength())]
    graphs = [model.Subgraphs(at) for at in range(model.SubgraphsLength())]
    counted = Counter(
        codes[graph.Operators(at).OpcodeIndex()][0] for graph in graphs for at in range(graph.OperatorsLength())
    )
    description = model.Description()
    return GraphReport(
        made_with=f"{description.decode(errors='replace')}" if description else "",
        signatures=_signatures(schema, model, graphs, content),
        num_nodes=counted.total(),
        num_functions=max(len(graphs) - 1, 0),
        operations=dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))),
        custom_operations=tuple(sorted(name for name, is_custom in codes if is_custom)),
    )


def _operation(names: Mapping[int, str], code: Any) -> tuple[str, bool]:
    """Name of an operation, and whether it is a custom one."""
    # Older files have small numbers in the field that was there first.
    name = names.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "UNKNOWN")
    custom = code.CustomCode()
    return (custom.decode(errors="replace"), True) if name == _CUSTOM and custom else (name, False)


def _signatures(schema: Any, model: Any, graphs: list[Any], content: Any) -> dict[str, SignatureReport]:
    """As the server finds them: in the metadata, in the model's table, or made up of the main graph."""
    from salver.servables.tflite.signature_defs import signatures_in_metadata

    named = signatures_in_metadata(content)
    if named:
        return signature_reports(named)
    kinds = {number: name for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
    table = [model.SignatureDefs(at) for at in range(model.SignatureDefsLength())]
    found = {entry.SignatureKey().decode(): _of_table(entry, graphs[entry.SubgraphIndex()], kinds) for entry in table}
    if not found:
        return {DEFAULT_SIGNATURE: _of_main_graph(graphs[0], kinds)}
    return {name: found[name] for name in sorted(found, key=lambda name: (name != DEFAULT_SIGNATURE, name))}


def _of_table(entry: Any, graph: Any, kinds: Mapping[int, str]) -> SignatureReport:
    def side(maps: Iterable[Any]) -> dict[str, TensorReport]:
        found = {each.Name().decode(): _tensor(graph.Tensors(each.TensorIndex()), kinds) for each in maps}
        return dict(sorted(found.items()))

    inputs = side(entry.Inputs(at) for at in range(entry.InputsLength()))
    outputs = side(entry.Outputs(at) for at in range(entry.OutputsLength()))
    return SignatureReport(method=PREDICT_METHOD, inputs=inputs, outputs=outputs)


def _of_main_graph(graph: Any, kinds: Mapping[int, str]) -> SignatureReport:
    def side(indices: Iterable[int]) -> dict[str, TensorReport]:
        tensors = [_tensor(graph.Tensors(index), kinds) for index in indices]
        short = Counter(_short(tensor.tensor) for tensor in tensors)
        # As the server calls them: cut at the colon, where that leaves them apart.
        return {_short(one.tensor) if short[_short(one.tensor)] == 1 else one.tensor: one for one in tensors}

    inputs = side(graph.Inputs(at) for at in range(graph.InputsLength()))
    outputs = side(graph.Outputs(at) for at in range(graph.OutputsLength()))
    return SignatureReport(method=PREDICT_METHOD, inputs=inputs, outputs=outputs)


def _short(name: str) -> str:
    return name.partition(":")[0]


def _tensor(tensor: Any, kinds: Mapping[int, str]) -> TensorReport:
    kind = kinds.get(tensor.Type(), "UNKNOWN")
    open_shape = [tensor.ShapeSignature(at) for at in range(tensor.ShapeSignatureLength())]
    shape = open_shape or [tensor.Shape(at) for at in range(tensor.ShapeLength())]
    name = tensor.Name()
    return TensorReport(
        tensor=name.decode(errors="replace") if name else "",
        dtype=_DTYPES.get(kind, f"DT_{kind}"),
        shape=tuple(int(size) for size in shape),
    )
