"""Make the SavedModels that tests and examples use.

Run by developers after a change here, with TensorFlow installed; the results are committed:

    python tests/data/make_models.py            all models
    python tests/data/make_models.py lookup     those of these names

Every model is written to `tests/data/models/NAME/VERSION`, the one for first steps also to
`examples/models/half_plus_two/00000001`.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import make_tflite_models
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

HERE = Path(__file__).resolve().parent
MODELS = HERE / "models"
EXAMPLE = HERE.parent.parent / "examples" / "models" / "half_plus_two" / "00000001"

v1 = tf.compat.v1
INIT_OP = "__saved_model_init_op"

# Types that tensors on the wire can have, by their TensorFlow names.
DTYPES = [
    "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64", "int64", "bool", "qint8", "quint8",
    "qint32", "bfloat16", "qint16", "quint16", "uint16", "complex128", "half", "uint32", "uint64", "float8_e5m2",
    "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz", "int4", "uint4",
]  # fmt: skip


def main() -> None:
    """Replace the models named on the command line, or all."""
    makers: dict[str, Callable[[Path], None]] = {
        "half_plus_two/1": lambda path: half_plus(path, 2.0),
        "swap/1": lambda path: half_plus(path, 2.0),
        "swap/2": lambda path: half_plus(path, 3.0),
        "ref_variables/1": lambda path: half_plus(path, 2.0, use_resource=False),
        "echo_all_dtypes/1": echo_all_dtypes,
        "defaults/1": defaults,
        "lookup/1": lookup,
        "example_scorer/1": example_scorer,
        "init_signature/1": lambda path: table_v1(path, None),
        "init_collection/1": lambda path: table_v1(path, "saved_model_main_op"),
        "init_legacy/1": lambda path: table_v1(path, "legacy_init_op"),
        "init_twice/1": table_with_two_initialisers,
        "vocabulary/1": lambda path: vocabulary(path, ["apple", "pear", "dog", "cat"]),
        "vocabulary/2": lambda path: vocabulary(path, ["cat", "dog", "pear", "apple"]),
        "while_v1/1": lambda path: while_loop(path, old_kind=True),
        "while_v1_no_op_list/1": while_without_op_list,
        "while_v2/1": lambda path: while_loop(path, old_kind=False),
        "mlp/1": mlp,
        "image/1": image,
        "counter/1": counter,
        "two_tag_sets/1": two_tag_sets,
        "odd_signatures/1": odd_signatures,
        "wrong_verbs/1": wrong_verbs,
        "feature_kinds/1": feature_kinds,
        "rest_forms/1": rest_forms,
        "text_format/1": text_format,
        "corrupt_truncated/1": corrupt_truncated,
        "corrupt_unknown_op/1": corrupt_unknown_op,
        "custom_op/1": custom_op,
        "tflite_or_saved_model/1": tflite_or_saved_model,
        **make_tflite_models.MAKERS,
    }
    names = sys.argv[1:]
    if not names:
        shutil.rmtree(MODELS, ignore_errors=True)
    for path, make in makers.items():
        if not names or path.partition("/")[0] in names:
            shutil.rmtree(MODELS / path, ignore_errors=True)
            make(MODELS / path)
            print(path)
    shutil.rmtree(EXAMPLE, ignore_errors=True)
    shutil.copytree(MODELS / "half_plus_two" / "1", EXAMPLE)


# === Graphs of the first generation ===


def half_plus(path: Path, addend: float, *, use_resource: bool = True) -> None:
    """y = x / 2 + addend, by tensor and by tf.Example, with the signatures that each verb wants."""
    with v1.Graph().as_default(), v1.Session() as session:
        half = v1.get_variable("half", initializer=0.5, use_resource=use_resource)
        added = v1.get_variable("added", initializer=addend, use_resource=use_resource)
        x = v1.placeholder(tf.float32, [None], name="x")
        y = tf.add(half * x, added, name="y")
        examples = v1.placeholder(tf.string, [None], name="tf_example")
        features = {"x": tf.io.FixedLenFeature([1], tf.float32), "x2": tf.io.FixedLenFeature([1], tf.float32, [0.0])}
        parsed = tf.io.parse_example(examples, features)
        score = tf.add(half * parsed["x"], added, name="score")
        other_score = tf.add(half * parsed["x2"], added, name="other_score")
        label = tf.strings.as_string(score, precision=1, name="label")
        session.run(v1.global_variables_initializer())
        signatures = {
            "serving_default": signature({"x": x}, {"y": y}, "predict"),
            "classify_x_to_y": signature({"inputs": examples}, {"scores": score, "classes": label}, "classify"),
            "regress_x_to_y": signature({"inputs": examples}, {"outputs": score}, "regress"),
            "regress_x2_to_y": signature({"inputs": examples}, {"outputs": other_score}, "regress"),
        }
        save_v1(session, path, signatures)


def example_scorer(path: Path) -> None:
    """score = x / 2 + 2 + y, of tf.Examples with the features x and y, both 0 unless given.

    The classes are "high" with that score and "low" with 1 - score, the better one first.
    """
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        examples = v1.placeholder(tf.string, [None], name="examples")
        feature = tf.io.FixedLenFeature([1], tf.float32, [0.0])
        parsed = tf.io.parse_example(examples, {"x": feature, "y": feature})
        score = parsed["x"] / 2 + 2 + parsed["y"]
        scores, order = tf.math.top_k(tf.concat([score, 1 - score], axis=1), k=2)
        classes = tf.gather(tf.constant(["high", "low"]), order)
        by_example = {"inputs": examples}
        signatures = {
            "serving_default": signature({"x": x}, {"score": x / 2 + 2}, "predict"),
            "classify_x": signature(by_example, {"classes": classes, "scores": scores}, "classify"),
            "classify_scores_only": signature(by_example, {"scores": scores}, "classify"),
            "classify_classes_only": signature(by_example, {"classes": classes}, "classify"),
            "regress_x": signature(by_example, {"outputs": score}, "regress"),
            "regress_flat": signature(by_example, {"outputs": tf.reshape(score, [-1])}, "regress"),
        }
        save_v1(session, path, signatures)


def while_loop(path: Path, *, old_kind: bool) -> None:
    """Add 1 to x `rounds` times in a loop: of the old kind (Switch, Merge) or as a function."""
    (v1.disable_control_flow_v2 if old_kind else v1.enable_control_flow_v2)()
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        rounds = v1.placeholder(tf.int32, [], name="rounds")
        _, total = v1.while_loop(lambda i, _: i < rounds, lambda i, t: (i + 1, t + 1.0), [tf.constant(0), x])
        y = tf.identity(total, name="y")
        save_v1(session, path, {"serving_default": signature({"x": x, "rounds": rounds}, {"y": y}, "predict")})
    v1.enable_control_flow_v2()


def while_without_op_list(path: Path) -> None:
    """A loop of the old kind in a model that does not list the operations it uses."""
    while_loop(path, old_kind=True)
    patch(path, lambda model: model.meta_graphs[0].meta_info_def.ClearField("stripped_op_list"))


def two_tag_sets(path: Path) -> None:
    """Two meta graphs: {serve} adds 1, {serve, gpu} adds 2."""
    builder = v1.saved_model.Builder(str(path))
    for addend, tags in ((1.0, ["serve"]), (2.0, ["serve", "gpu"])):
        with v1.Graph().as_default(), v1.Session() as session:
            bias = v1.get_variable("bias", initializer=0.0)
            x = v1.placeholder(tf.float32, [None], name="x")
            signatures = {"serving_default": signature({"x": x}, {"y": x + addend + bias}, "predict")}
            session.run(v1.global_variables_initializer())
            if addend == 1.0:
                builder.add_meta_graph_and_variables(session, tags, signature_def_map=signatures)
            else:
                builder.add_meta_graph(tags, signature_def_map=signatures)
    builder.save()


def table_v1(path: Path, collection: str | None) -> None:
    """Word to number by a table from an asset file, filled by an operation of a signature or of this collection."""
    builder = v1.saved_model.Builder(str(path))
    with tempfile.TemporaryDirectory() as folder, v1.Graph().as_default(), v1.Session() as session:
        words = Path(folder) / "words.txt"
        words.write_text("zero\none\ntwo\n")
        rows = tf.lookup.TextFileIndex
        initializer = tf.lookup.TextFileInitializer(str(words), tf.string, rows.WHOLE_LINE, tf.int64, rows.LINE_NUMBER)
        table = tf.lookup.StaticHashTable(initializer, -1)
        sent = v1.placeholder(tf.string, [None], name="words")
        signatures = {"serving_default": signature({"words": sent}, {"numbers": table.lookup(sent)}, "predict")}
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map=signatures,
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer(name="fill_tables"),
        )
        builder.save()

    def move_initialiser(model: saved_model_pb2.SavedModel) -> None:
        graph = model.meta_graphs[0]
        del graph.collection_def["saved_model_main_op"]
        if collection is None:
            graph.signature_def[INIT_OP].outputs[INIT_OP].name = "fill_tables"
        else:
            graph.collection_def[collection].node_list.value.append("fill_tables")

    patch(path, move_initialiser)


def table_with_two_initialisers(path: Path) -> None:
    """A collection of initialisers that holds two."""
    table_v1(path, "saved_model_main_op")
    patch(path, lambda model: collection_of(model, "saved_model_main_op").append("fill_tables"))


def collection_of(model: saved_model_pb2.SavedModel, name: str) -> list[str]:
    """Node names in a collection."""
    return model.meta_graphs[0].collection_def[name].node_list.value


def odd_signatures(path: Path) -> None:
    """Signatures at the edge: shared tensors, fed and fetched, sparse, not in the graph, no inputs, failing."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        y = tf.multiply(x, 2.0, name="y")
        sparse = v1.sparse_placeholder(tf.float32, [2, 3])
        missing = v1.saved_model.build_tensor_info(x)
        missing.name = "no_such_tensor:0"
        checked = v1.debugging.assert_positive(x, message="x must be positive")
        with v1.control_dependencies([checked]):
            positive = tf.identity(x, name="positive")
        signatures = {
            "twins": signature({"a": x, "b": x}, {"y": y, "z": y}, "predict"),
            "pass_through": signature({"x": x}, {"same": x, "y": y}, "predict"),
            "only_pass_through": signature({"x": x}, {"same": x}, "predict"),
            "sparse": signature({"sparse": sparse}, {"y": tf.sparse.to_dense(sparse)}, "predict"),
            "missing_tensor": signature({"x": x}, {"y": y}, "predict"),
            "no_inputs": signature({}, {"answer": tf.constant(42, name="answer")}, "predict"),
            "fails": signature({"x": x}, {"y": positive}, "predict"),
            "many_outputs": signature({"x": x}, {name: x + float(at) for at, name in enumerate("abcd")}, "predict"),
        }
        signatures["missing_tensor"].outputs["y"].CopyFrom(missing)
        save_v1(session, path, signatures)


def wrong_verbs(path: Path) -> None:
    """Signatures that are asked to classify or to regress and cannot, each for a reason of its own."""
    with v1.Graph().as_default(), v1.Session() as session:
        examples = v1.placeholder(tf.string, [None], name="examples")
        x = v1.placeholder(tf.float32, [None], name="x")
        rows = tf.size(examples)
        ones = tf.ones([rows, 2])
        words = tf.fill([rows, 2], "word")
        by_example = {"inputs": examples}

        def classify(**outputs: tf.Tensor) -> meta_graph_pb2.SignatureDef:
            return signature(by_example, outputs, "classify")

        def regress(**outputs: tf.Tensor) -> meta_graph_pb2.SignatureDef:
            return signature(by_example, outputs, "regress")

        signatures = {
            "classify_good": classify(classes=words, scores=ones),
            "classify_two_inputs": signature({"inputs": examples, "x": x}, {"scores": ones}, "classify"),
            "classify_three_outputs": classify(classes=words, scores=ones, more=ones),
            "classify_other_input": signature({"examples": examples}, {"scores": ones}, "classify"),
            "classify_other_output": classify(labels=words),
            "classify_classes_flat": classify(classes=words[:, 0]),
            "classify_classes_float": classify(classes=ones),
            "classify_classes_short": classify(classes=words[1:]),
            "classify_scores_flat": classify(scores=ones[:, 0]),
            "classify_scores_double": classify(scores=tf.cast(ones, tf.float64)),
            "classify_scores_short": classify(scores=ones[1:]),
            "classify_uneven": classify(classes=words, scores=ones[:, :1]),
            "regress_good": regress(outputs=ones[:, :1]),
            "regress_two_inputs": signature({"inputs": examples, "x": x}, {"outputs": ones[:, 0]}, "regress"),
            "regress_two_outputs": regress(outputs=ones[:, 0], more=ones),
            "regress_other_input": signature({"examples": examples}, {"outputs": ones[:, 0]}, "regress"),
            "regress_other_output": regress(values=ones[:, 0]),
            "regress_wide": regress(outputs=ones),
            "regress_short": regress(outputs=ones[1:, 0]),
            "translate": signature({"x": x}, {"y": x * 2.0}, "translate"),
            "regress_double": regress(outputs=tf.cast(ones[:, 0], tf.float64)),
        }
        save_v1(session, path, signatures)


def feature_kinds(path: Path) -> None:
    """Classes of an example: its floats f, its integers i and its bytes b as text, joined with a bar."""
    with v1.Graph().as_default(), v1.Session() as session:
        examples = v1.placeholder(tf.string, [None], name="examples")
        kinds = {"f": tf.float32, "i": tf.int64, "b": tf.string}
        parsed = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(kind) for name, kind in kinds.items()})
        texts = []
        for name, kind in kinds.items():
            values = parsed[name]
            as_text = (
                values.values if kind == tf.string else tf.strings.as_string(values.values, shortest=kind == tf.float32)
            )
            texts.append(tf.strings.reduce_join(values.with_values(as_text), axis=1, separator="|"))
        signatures = {"serving_default": signature({"inputs": examples}, {"classes": tf.stack(texts, 1)}, "classify")}
        save_v1(session, path, signatures)


def rest_forms(path: Path) -> None:
    """Signatures whose answers need every form of JSON: names, several outputs, ranks, bytes, types without a form."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, None, name="x")
        a = v1.placeholder(tf.int32, None, name="a")
        s = v1.placeholder(tf.string, None, name="s")
        half = v1.placeholder(tf.half, None, name="half")
        signatures = {
            "serving_default": signature({"x": x}, {"y": tf.identity(x)}, "predict"),
            "two_inputs": signature({"a": a, "s": s}, {"a": tf.identity(a), "s": tf.identity(s)}, "predict"),
            "bytes": signature({"s": s}, {"s_bytes": tf.identity(s)}, "predict"),
            "both_strings": signature({"s": s}, {"s": tf.identity(s), "s_bytes": tf.identity(s)}, "predict"),
            "b64_input": signature({"b64": s}, {"s": tf.identity(s)}, "predict"),
            "total": signature({"x": x}, {"total": tf.reduce_sum(x)}, "predict"),
            "uneven": signature({"x": x}, {"first": x[:1], "rest": x[1:]}, "predict"),
            "half_and_float": signature({"half": half, "x": x}, {"y": tf.identity(x)}, "predict"),
            "to_half": signature({"x": x}, {"y": tf.cast(x, tf.half)}, "predict"),
            "list_and_number": signature({"x": x}, {"a": tf.identity(x), "b": x[:, 0]}, "predict"),
            "no_rows": signature({"x": x}, {"y": x[:0]}, "predict"),
            "nothing": signature({"x": x}, {}, "predict"),
        }
        save_v1(session, path, signatures)


def text_format(path: Path) -> None:
    """Half plus two, written as text."""
    with v1.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        signatures = {"serving_default": signature({"x": x}, {"y": x * 0.5 + 2.0}, "predict")}
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
        builder.save(as_text=True)


def tflite_or_saved_model(path: Path) -> None:
    """Half plus three as a SavedModel, half plus two as a TFLite model beside it."""
    half_plus(path, 3.0)
    make_tflite_models.half_plus_two(path)


def signature(inputs: dict, outputs: dict, verb: str) -> meta_graph_pb2.SignatureDef:
    """A signature over graph tensors for `tensorflow/serving/VERB`."""
    info = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def(
        {alias: info(tensor) for alias, tensor in inputs.items()},
        {alias: info(tensor) for alias, tensor in outputs.items()},
        f"tensorflow/serving/{verb}",
    )


def save_v1(session: v1.Session, path: Path, signatures: dict[str, meta_graph_pb2.SignatureDef]) -> None:
    """Write a SavedModel with the tag `serve`."""
    builder = v1.saved_model.Builder(str(path))
    builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures)
    builder.save()


# === Functions of the second generation ===


def echo_all_dtypes(path: Path) -> None:
    """One signature `echo_DTYPE` for each type, x -> y, any shape."""
    module = tf.Module()
    signatures = {}
    for name in DTYPES:
        dtype = tf.dtypes.as_dtype(name)
        function = tf.function(lambda x: {"y": tf.identity(x)}, input_signature=[tf.TensorSpec(None, dtype, "x")])
        signatures[f"echo_{name}"] = function.get_concrete_function()
    save_v2(module, path, signatures)


def defaults(path: Path) -> None:
    """y = x * factor + addend, where factor is 3 and addend [10] unless sent."""
    spec = [tf.TensorSpec([None], tf.float32, "x"), tf.TensorSpec([], tf.float32, "factor")]
    spec.append(tf.TensorSpec([None], tf.float32, "addend"))
    function = tf.function(lambda x, factor, addend: {"y": x * factor + addend}, input_signature=spec)
    save_v2(tf.Module(), path, {"serving_default": function.get_concrete_function()})

    def add_defaults(model: saved_model_pb2.SavedModel) -> None:
        serving = model.meta_graphs[0].signature_def["serving_default"]
        serving.defaults["factor"].CopyFrom(tf.make_tensor_proto(3.0))
        serving.defaults["addend"].CopyFrom(tf.make_tensor_proto([10.0]))

    patch(path, add_defaults)


def lookup(path: Path) -> None:
    """Word to number by a table that is filled from an asset file; -1 for unknown words."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.txt"
        words.write_text("zero\none\ntwo\n")
        module = tf.Module()
        rows = tf.lookup.TextFileIndex
        module.asset = tf.saved_model.Asset(str(words))
        initializer = tf.lookup.TextFileInitializer(
            module.asset.asset_path, tf.string, rows.WHOLE_LINE, tf.int64, rows.LINE_NUMBER
        )
        module.table = tf.lookup.StaticHashTable(initializer, -1)
        function = tf.function(
            lambda words: {"numbers": module.table.lookup(words)},
            input_signature=[tf.TensorSpec([None], tf.string, "words")],
        )
        save_v2(module, path, {"serving_default": function.get_concrete_function()})


def vocabulary(path: Path, words: list[str]) -> None:
    """Words to rows of an asset file (`serving_default`; 4 or 5 for unknown ones) and to their kind (`classify_words`).

    The kinds come from a table of constants; the score of a word is its row.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocabulary.txt"
        file.write_text("\n".join(words) + "\n")
        module = tf.Module()
        module.asset = tf.saved_model.Asset(str(file))
        rows = tf.lookup.TextFileIndex
        initializer = tf.lookup.TextFileInitializer(
            module.asset.asset_path, tf.string, rows.WHOLE_LINE, tf.int64, rows.LINE_NUMBER
        )
        module.rows = tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=2)
        kinds = {"apple": "fruit", "pear": "fruit", "dog": "animal", "cat": "animal"}
        constants = tf.lookup.KeyValueTensorInitializer(list(kinds), list(kinds.values()))
        module.kinds = tf.lookup.StaticHashTable(constants, "unknown")
        row = tf.function(
            lambda words: {"rows": module.rows.lookup(words)},
            input_signature=[tf.TensorSpec([None], tf.string, "words")],
        )
        classify = tf.function(
            lambda inputs: {
                "classes": module.kinds.lookup(inputs)[:, tf.newaxis],
                "scores": tf.cast(module.rows.lookup(inputs), tf.float32)[:, tf.newaxis],
            },
            input_signature=[tf.TensorSpec([None], tf.string, "inputs")],
        )
        signatures = {
            "serving_default": row.get_concrete_function(),
            "classify_words": classify.get_concrete_function(),
        }
        save_v2(module, path, signatures)


def mlp(path: Path) -> None:
    """32 inputs, 64 hidden units, 8 scores that sum to 1."""
    random = np.random.default_rng(7)
    module = tf.Module()
    module.hidden = tf.Variable(random.normal(scale=0.2, size=(32, 64)).astype(np.float32))
    module.bias = tf.Variable(np.zeros(64, np.float32))
    module.out = tf.Variable(random.normal(scale=0.2, size=(64, 8)).astype(np.float32))

    def scores(x: tf.Tensor) -> dict[str, tf.Tensor]:
        hidden = tf.nn.relu(x @ module.hidden + module.bias)
        return {"scores": tf.nn.softmax(hidden @ module.out)}

    function = tf.function(scores, input_signature=[tf.TensorSpec([None, 32], tf.float32, "x")])
    save_v2(module, path, {"serving_default": function.get_concrete_function()})


def image(path: Path) -> None:
    """Images [N, 224, 224, 3]: the same again (`serving_default`) or the mean of each (`mean`)."""
    spec = [tf.TensorSpec([None, 224, 224, 3], tf.float32, "image")]
    echo = tf.function(lambda image: {"image": tf.identity(image)}, input_signature=spec)
    mean = tf.function(lambda image: {"mean": tf.reduce_mean(image, [1, 2, 3])}, input_signature=spec)
    signatures = {"serving_default": echo.get_concrete_function(), "mean": mean.get_concrete_function()}
    save_v2(tf.Module(), path, signatures)


def counter(path: Path) -> None:
    """Adds `step` to a variable and answers the sum so far."""
    module = tf.Module()
    module.total = tf.Variable(0, dtype=tf.int64)
    function = tf.function(
        lambda step: {"total": module.total.assign_add(step)},
        input_signature=[tf.TensorSpec([], tf.int64, "step")],
    )
    save_v2(module, path, {"serving_default": function.get_concrete_function()})


def save_v2(module: tf.Module, path: Path, signatures: dict) -> None:
    """Write a SavedModel that holds what the signatures use."""
    module.functions = list(signatures.values())
    tf.saved_model.save(module, str(path), signatures)


# === Damaged models ===


def corrupt_truncated(path: Path) -> None:
    """A model file that ends in the middle."""
    half_plus(path, 2.0)
    file = path / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:1000])


def corrupt_unknown_op(path: Path) -> None:
    """A graph with an operation that nobody has."""
    half_plus(path, 2.0)

    def rename_op(model: saved_model_pb2.SavedModel) -> None:
        graph = model.meta_graphs[0]
        next(node for node in graph.graph_def.node if node.name == "y").op = "NoSuchOperation"

    patch(path, rename_op)


def custom_op(path: Path) -> None:
    """y = x / 2 - 2, where the last step is an operation of `custom_op/subtract.cc`."""
    half_plus(path, 2.0)

    def rename_op(model: saved_model_pb2.SavedModel) -> None:
        graph = model.meta_graphs[0]
        next(node for node in graph.graph_def.node if node.name == "y").op = "SalverSubtract"

    patch(path, rename_op)


def patch(path: Path, change: Callable[[saved_model_pb2.SavedModel], None]) -> None:
    """Change the model file of a SavedModel."""
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model)
    file.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
