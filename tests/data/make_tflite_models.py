"""The TFLite models that tests use; run by `make_models.py`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import flatbuffers
import tensorflow as tf
from flatbuffers import flexbuffers
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.lite.python import schema_py_generated as schema

TensorSpec = tf.TensorSpec
Function = Callable[..., Mapping[str, tf.Tensor]]


def half_plus_two(path: Path) -> None:
    """y = x / 2 + 2 without any signature; the tensors are called `x:0` and `y`."""
    model = converted({"serving_default": (lambda x: {"y": x / 2 + 2}, [TensorSpec([1], tf.float32, "x")])})
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = b"x:0"
    graph.tensors[graph.outputs[0]].name = b"y"
    model.signatureDefs = []
    write(path, model)


def metadata(path: Path) -> None:
    """y = x / 2 + 2 with signatures in the metadata: `serving_default`, half -> sum, and `regress`."""
    half_plus_two(path)
    model = schema.ModelT.InitFromPackedBuf((path / "model.tflite").read_bytes(), 0)
    signatures = {
        "serving_default": signature_def({"half": "x:0"}, {"sum": "y:0"}, "predict"),
        "regress": signature_def({"inputs": "x:0"}, {"outputs": "y"}, "regress"),
    }
    add_signature_metadata(model, {name: value.SerializeToString() for name, value in signatures.items()})
    write(path, model)


def bad_metadata(path: Path) -> None:
    """As `metadata`, where the text of a signature is none."""
    half_plus_two(path)
    model = schema.ModelT.InitFromPackedBuf((path / "model.tflite").read_bytes(), 0)
    add_signature_metadata(model, {"serving_default": b"\xff\xff no message"})
    write(path, model)


def unknown_tensor(path: Path) -> None:
    """As `metadata`, with a signature over a tensor that is not there."""
    half_plus_two(path)
    model = schema.ModelT.InitFromPackedBuf((path / "model.tflite").read_bytes(), 0)
    signature = signature_def({"x": "no_such_tensor:0"}, {"y": "y:0"}, "predict")
    add_signature_metadata(model, {"serving_default": signature.SerializeToString()})
    write(path, model)


def same_names(path: Path) -> None:
    """Two inputs of one name."""
    model = add_model()
    for at in model.subgraphs[0].inputs:
        model.subgraphs[0].tensors[at].name = b"x"
    write(path, model)


def numbered_names(path: Path) -> None:
    """a + b and a - b, whose tensors are called `in:0`, `in:1`, `sum` and `difference:0`."""
    model = add_model()
    graph = model.subgraphs[0]
    for at, name in zip([*graph.inputs, *graph.outputs], [b"in:0", b"in:1", b"sum", b"difference:0"], strict=True):
        graph.tensors[at].name = name
    write(path, model)


def add_model() -> schema.ModelT:
    """Sum and difference of a and b, without signatures; the inputs and outputs are in this order."""
    spec = [TensorSpec([1], tf.float32, name) for name in "ab"]
    model = converted({"serving_default": (lambda a, b: {"sum": a + b, "difference": a - b}, spec)})
    (table,) = model.signatureDefs
    of = {entry.name: entry.tensorIndex for entry in [*table.inputs, *table.outputs]}
    model.subgraphs[0].inputs = [of[b"a"], of[b"b"]]
    model.subgraphs[0].outputs = [of[b"sum"], of[b"difference"]]
    model.signatureDefs = []
    return model


def table(path: Path) -> None:
    """The converter's table: `serving_default` of a, b -> sum, difference, and `double` of x -> y, of any length."""
    numbers = {name: TensorSpec([None], tf.float32, name) for name in "abx"}
    functions = {
        "serving_default": (lambda a, b: {"sum": a + b, "difference": a - b}, [numbers["a"], numbers["b"]]),
        "double": (lambda x: {"y": x * 2}, [numbers["x"]]),
    }
    write(path, converted(functions))


def scores(path: Path) -> None:
    """scores [n, 2] of x [n, 3]: the sum of a row, and twice that."""
    weights = tf.constant([[1.0, 2.0]] * 3)
    spec = [TensorSpec([None, 3], tf.float32, "x")]
    write(path, converted({"serving_default": (lambda x: {"scores": x @ weights}, spec)}))


def strings(path: Path) -> None:
    """`serving_default`: the words of `words` [n] that `order` [m] names."""
    spec = [TensorSpec([None], tf.string, "words"), TensorSpec([None], tf.int32, "order")]
    write(path, converted({"serving_default": (lambda words, order: {"chosen": tf.gather(words, order)}, spec)}))


def dtypes(path: Path) -> None:
    """`twice_DTYPE`: the first two of x, twice; and `column_complex64`: x as a column."""
    functions = {}
    for name in ("float32", "int32", "uint8", "int64", "string", "bool", "int16", "int8"):
        spec = [TensorSpec([None], tf.dtypes.as_dtype(name), "x")]
        functions[f"twice_{name}"] = (lambda x: {"y": tf.gather(x, [0, 1, 0, 1])}, spec)
    spec = [TensorSpec([None], tf.complex64, "x")]
    functions["column_complex64"] = (lambda x: {"y": tf.reshape(x, [-1, 1])}, spec)
    write(path, converted(functions))


def float64(path: Path) -> None:
    """An output of a type that cannot be served."""
    spec = [TensorSpec([None], tf.float32, "x")]
    write(path, converted({"serving_default": (lambda x: {"y": tf.cast(x, tf.float64)}, spec)}))


def parse_example(path: Path) -> None:
    """outputs = twice the feature x of tf.Examples, by an operation that is none of the built-in ones."""
    features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
    spec = [TensorSpec([None], tf.string, "inputs")]
    function = lambda inputs: {"outputs": tf.io.parse_example(inputs, features)["x"] * 2}  # noqa: E731
    write(path, converted({"serving_default": (function, spec)}))


def damaged(path: Path) -> None:
    """A file that ends in the middle."""
    half_plus_two(path)
    file = path / "model.tflite"
    file.write_bytes(file.read_bytes()[:300])


MAKERS: dict[str, Callable[[Path], None]] = {
    "tflite_half_plus_two/1": half_plus_two,
    "tflite_metadata/1": metadata,
    "tflite_bad_metadata/1": bad_metadata,
    "tflite_unknown_tensor/1": unknown_tensor,
    "tflite_same_names/1": same_names,
    "tflite_numbered_names/1": numbered_names,
    "tflite_table/1": table,
    "tflite_scores/1": scores,
    "tflite_strings/1": strings,
    "tflite_dtypes/1": dtypes,
    "tflite_float64/1": float64,
    "tflite_parse_example/1": parse_example,
    "tflite_damaged/1": damaged,
}


# === Tools ===


def converted(functions: Mapping[str, tuple[Function, list[TensorSpec]]]) -> schema.ModelT:
    """These functions as one model, each with its signature."""
    module = tf.Module()
    signatures = {
        name: tf.function(function, input_signature=spec).get_concrete_function()
        for name, (function, spec) in functions.items()
    }
    module.functions = list(signatures.values())
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        converter.allow_custom_ops = True
        return schema.ModelT.InitFromPackedBuf(converter.convert(), 0)


def signature_def(inputs: Mapping[str, str], outputs: Mapping[str, str], verb: str) -> meta_graph_pb2.SignatureDef:
    """A signature over float tensors of shape [1], from alias to tensor name."""
    made = meta_graph_pb2.SignatureDef(method_name=f"tensorflow/serving/{verb}")
    for infos, names in ((made.inputs, inputs), (made.outputs, outputs)):
        for alias, name in names.items():
            infos[alias].name = name
            infos[alias].dtype = 1
            infos[alias].tensor_shape.dim.add().size = 1
    return made


def add_signature_metadata(model: schema.ModelT, signatures: Mapping[str, bytes]) -> None:
    """Put serialized signatures where exporters for servers put them."""
    buffer = schema.BufferT()
    buffer.data = list(flexbuffers.Dumps(dict(signatures)))
    entry = schema.MetadataT()
    entry.name = "signature_defs_metadata"
    entry.buffer = len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(entry)


def write(path: Path, model: schema.ModelT) -> None:
    """Write `model.tflite`."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.mkdir(parents=True, exist_ok=True)
    (path / "model.tflite").write_bytes(bytes(builder.Output()))
