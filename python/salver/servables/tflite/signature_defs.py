"""The signatures of a TFLite model, as the messages that metadata requests get.

Looked for in three places, the first that has any counts:

1. the metadata buffer `signature_defs_metadata`: a FlexBuffer map from signature name to serialized SignatureDef,
   which TensorFlow's exporters for servers write;
2. the table of signatures that TensorFlow 2's converter writes;
3. otherwise one signature is made up of the inputs and outputs of the main graph, each called as its tensor is, up to
   the first colon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from salver import wire
from salver.errors import AlreadyExistsError, InternalError, InvalidArgumentError
from salver.servables.dtypes import STRING
from salver.servables.servable import DEFAULT_SIGNATURE, PREDICT_METHOD

if TYPE_CHECKING:
    from salver.servables.tflite.interpreter import Interpreter, TensorDetails
    from salver.wire.pool import Message

METADATA_NAME = b"signature_defs_metadata"

# The numpy types of the interpreter to wire numbers; tensors of other types cannot be served.
_DTYPES = {
    "float32": 1,
    "int32": 3,
    "uint8": 4,
    "int16": 5,
    "int8": 6,
    "bytes_": STRING,
    "complex64": 8,
    "int64": 9,
    "bool": 10,
    "bool_": 10,
}


def signatures_in_metadata(content: bytes) -> dict[str, Message]:
    """Return the signatures of the metadata buffer by name; empty without one.

    Raises:
        InvalidArgumentError: The buffer does not hold what it should.
    """
    buffer = _metadata_buffer(content)
    if not buffer:
        return {}
    try:
        return {name: _parsed(serialized) for name, serialized in _entries(buffer)}
    except Exception as error:
        raise InvalidArgumentError(
            f"{METADATA_NAME.decode()} of model.tflite is not a map of names to SignatureDefs"
        ) from error


def _entries(buffer: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and values of a FlexBuffer map; exporters write the values as strings or as blobs."""
    from flatbuffers import flexbuffers

    entries = flexbuffers.GetRoot(bytearray(buffer)).AsMap
    for key, value in zip(entries.Keys, entries.Values, strict=True):
        yield key.AsKey, value.AsBlob if value.IsBlob else value.AsStringBytes


def _parsed(serialized: bytes) -> Message:
    parsed: Message = wire.message_class("tensorflow.SignatureDef").FromString(bytes(serialized))
    return parsed


def _metadata_buffer(content: bytes) -> bytes:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content)
    for at in range(model.MetadataLength()):
        entry = model.Metadata(at)
        if entry.Name() == METADATA_NAME and entry.Buffer() < model.BuffersLength():
            buffer = model.Buffers(entry.Buffer())
            return bytes(buffer.DataAsNumpy()) if buffer.DataLength() else b""
    return b""


def signatures_in_table(interpreter: Interpreter) -> dict[str, Message]:
    """Return the signatures of the converter's table by name; the interpreter is used up, see `get_signature_runner`.

    Raises:
        InternalError: A tensor has a type that cannot be served.
    """
    made = {}
    for name in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(name)
        made[name] = _signature_def(runner.get_input_details(), runner.get_output_details())
    return made


def made_up_signature(interpreter: Interpreter) -> dict[str, Message]:
    """Return one signature for the main graph.

    Raises:
        AlreadyExistsError: Two inputs, or two outputs, have the same name.
        InternalError: A tensor has a type that cannot be served.
    """
    sides = (interpreter.get_input_details(), interpreter.get_output_details())
    return {DEFAULT_SIGNATURE: _signature_def(*map(_by_alias, sides))}


def _by_alias(tensors: Sequence[TensorDetails]) -> dict[str, TensorDetails]:
    by_name = tensors_by_name(tensors)
    short_names = Counter(map(_short, by_name))
    # Where two names differ after the colon alone, neither is cut.
    return {_short(name) if short_names[_short(name)] == 1 else name: tensor for name, tensor in by_name.items()}


def tensors_by_name(tensors: Iterable[TensorDetails]) -> dict[str, TensorDetails]:
    """Return these tensors by their names.

    Raises:
        AlreadyExistsError: Two have the same name.
    """
    by_name: dict[str, TensorDetails] = {}
    for tensor in tensors:
        name = str(tensor["name"])
        if name in by_name:
            raise AlreadyExistsError(f"two inputs or two outputs of model.tflite are called {name}")
        by_name[name] = tensor
    return by_name


def _short(name: str) -> str:
    return name.partition(":")[0]


def _signature_def(inputs: Mapping[str, TensorDetails], outputs: Mapping[str, TensorDetails]) -> Message:
    made = wire.message_class("tensorflow.SignatureDef")()
    made.method_name = PREDICT_METHOD
    for tensors, infos in ((inputs, made.inputs), (outputs, made.outputs)):
        for alias, tensor in tensors.items():
            _fill(infos[alias], tensor)
    return made


def _fill(info: Message, tensor: TensorDetails) -> None:
    kind = tensor["dtype"].__name__
    if kind not in _DTYPES:
        raise InternalError(f"tensor {tensor['name']} of model.tflite is of type {kind}, which cannot be served")
    info.name = str(tensor["name"])
    info.dtype = _DTYPES[kind]
    for size in tensor["shape"]:
        info.tensor_shape.dim.add().size = int(size)
    info.tensor_shape.SetInParent()
