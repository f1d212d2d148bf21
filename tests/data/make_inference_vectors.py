"""Makes `inference_vectors/`: messages of Classify, Regress, MultiInference and SessionRun as protobuf writes them.

Run by hand after a change here. A line is one vector with tab-separated columns; bytes are in hex, lists are separated
by commas, `-` stands for what is missing.

inputs.tsv:            name, ClassificationRequest, model, signature, each example with its context in front
tasks.tsv:             name, MultiInferenceRequest, `model/signature/method` of each task, examples
classifications.tsv:   name, ClassificationResponse, examples, classes of each, labels, scores (floats as on the wire)
regressions.tsv:       name, RegressionResponse, values
multi.tsv:             name, MultiInferenceResponse (the classification `both`, the regression `several`)
session_requests.tsv:  name, SessionRunRequest, model, feeds (`name=hex`), fetches, targets, whether names are aliases
session_responses.tsv: name, SessionRunResponse (fetches "b:0" and "a:0")
json_examples.tsv:     name, body of a classify request, signature, each example with its context in front

The model spec of every response is model "m", version 7, signature "s".
"""

from __future__ import annotations

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))

from salver import wire

TARGET = pathlib.Path(__file__).parent / "inference_vectors"

NAN = struct.unpack("<f", b"\0\0\xc0\x7f")[0]


def example(**features):
    """An Example; each feature is (kind, values), or None for a feature of no kind."""
    made = wire.Example()
    for name, content in features.items():
        feature = made.features.feature[name]
        if content is not None:
            kind, values = content
            getattr(feature, f"{kind}_list").value.extend(values)
    return made


def hexed(messages):
    return ",".join(serialized(message).hex() for message in messages)


def serialized(message):
    return message.SerializeToString(deterministic=True)


def examples_of(message):
    """Every example of an Input, merged with the context as the server merges them."""
    kind = message.WhichOneof("kind")
    if kind is None:
        return "-"
    listed = getattr(message, kind)
    context = serialized(listed.context) if kind == "example_list_with_context" else b""
    return ",".join((context + serialized(item)).hex() for item in listed.examples)


# === requests ===

A, B, EMPTY = example(x=("int64", [1])), example(y=("float", [0.5, -1.0])), example()
CONTEXT = example(c=("bytes", [b"\xff", b""]))


def inputs():
    """(name, serialized Input)."""
    listed = wire.Input()
    listed.example_list.examples.extend([A, EMPTY, B])
    with_context = wire.Input()
    with_context.example_list_with_context.examples.extend([A, EMPTY, B])
    with_context.example_list_with_context.context.CopyFrom(CONTEXT)
    bare = wire.Input()
    bare.example_list_with_context.examples.append(A)
    only_context = wire.Input()
    only_context.example_list_with_context.context.CopyFrom(CONTEXT)
    empty_list = wire.Input()
    empty_list.example_list.SetInParent()
    one, other = serialized(listed), serialized(with_context)
    yield "list", one
    yield "context", other
    yield "form of context without one", serialized(bare)
    yield "context alone", serialized(only_context)
    yield "empty list", serialized(empty_list)
    yield "neither", b""
    yield "list in two parts", one + one
    yield "context in two parts", other + serialized(bare)
    yield "context takes the place of a list", one + other
    yield "list takes the place of a context", other + one
    yield "unknown fields", b"\xf8\x07\x01" + one + b"\x18\x05"


def rows_of_inputs():
    for name, body in inputs():
        spec = wire.ModelSpec(name="modèl", signature_name="s")
        request = wire.ClassificationRequest(model_spec=spec)
        request.input.MergeFromString(body)
        # The parts of the input as they are, in a message that protobuf reads back.
        raw = field(1, serialized(spec)) + field(2, body)
        assert wire.ClassificationRequest.FromString(raw) == request
        assert wire.RegressionRequest.FromString(raw).input == request.input
        yield name, raw.hex(), spec.name, spec.signature_name, examples_of(request.input) or "-"
    halves = field(2, b"") + field(2, serialized(wire.Input())) + field(1, serialized(wire.ModelSpec(name="m")))
    yield "no examples", halves.hex(), "m", "", "-"


def field(number, value):
    assert len(value) < 128 * 128
    length = bytes([len(value)]) if len(value) < 128 else bytes([len(value) & 127 | 128, len(value) >> 7])
    return bytes([number << 3 | 2]) + length + value


def rows_of_tasks():
    classify, regress = "tensorflow/serving/classify", "tensorflow/serving/regress"
    request = wire.MultiInferenceRequest()
    request.tasks.add(model_spec=wire.ModelSpec(name="m", signature_name="a"), method_name=classify)
    request.tasks.add(model_spec=wire.ModelSpec(name="m", version_label="l"), method_name=regress)
    request.tasks.add()
    request.input.example_list.examples.extend([A, B])
    yield task_row("three", request)
    yield task_row("none", wire.MultiInferenceRequest())


def task_row(name, request):
    specs = [(task.model_spec, task.method_name) for task in request.tasks]
    tasks = ",".join(f"{spec.name}/{spec.signature_name}/{method}" for spec, method in specs)
    return name, serialized(request).hex(), tasks or "-", examples_of(request.input)


# === responses ===


def spec():
    made = wire.ModelSpec(name="m", signature_name="s")
    made.version.value = 7
    return made


CLASSIFICATIONS = {
    "both": (2, 2, ["a", "", "ü", "x" * 200], [0.5, 0.0, -0.0, NAN]),
    "labels": (1, 3, ["p", "q", "r"], None),
    "scores": (3, 1, None, [1.0, 0.0, -2.5]),
    "no classes": (2, 0, [], []),
}
REGRESSIONS = {"several": [0.0, -0.0, 1.5, NAN, float("inf")], "one": [3.25]}


def classification_result(num_examples, num_classes, labels, scores):
    # Not among the names of salver.wire, so it is taken from a message that holds one.
    result = wire.ClassificationResponse().result
    for row in range(num_examples):
        classes = result.classifications.add().classes
        for index in range(row * num_classes, (row + 1) * num_classes):
            made = classes.add()
            if labels:
                made.label = labels[index]
            if scores:
                made.score = scores[index]
    return result


def regression_result(values):
    result = wire.RegressionResponse().result
    for value in values:
        result.regressions.add().value = value
    return result


def floats(values):
    return ",".join(struct.pack("<f", value).hex() for value in values)


def rows_of_classifications():
    for name, (num_examples, num_classes, labels, scores) in CLASSIFICATIONS.items():
        result = classification_result(num_examples, num_classes, labels, scores)
        response = wire.ClassificationResponse(result=result, model_spec=spec())
        columns = (
            "-" if labels is None else ",".join(label.encode().hex() for label in labels),
            "-" if scores is None else floats(scores),
        )
        yield name, serialized(response).hex(), str(num_examples), str(num_classes), *columns


def rows_of_regressions():
    for name, values in REGRESSIONS.items():
        response = wire.RegressionResponse(result=regression_result(values), model_spec=spec())
        yield name, serialized(response).hex(), floats(values)


def rows_of_multi():
    response = wire.MultiInferenceResponse()
    classified = response.results.add(model_spec=spec())
    classified.classification_result.CopyFrom(classification_result(*CLASSIFICATIONS["both"]))
    regressed = response.results.add(model_spec=spec())
    regressed.regression_result.CopyFrom(regression_result(REGRESSIONS["several"]))
    yield "both", serialized(response).hex()
    yield "none", serialized(wire.MultiInferenceResponse()).hex()


# === SessionRun ===


def rows_of_session_requests():
    request = wire.SessionRunRequest(fetch=["y:0", "y:0"], target=["init"], tensor_name_is_alias=True)
    request.model_spec.name = "m"
    request.options.timeout_in_ms = 5
    request.feed.add(name="x:0").tensor.CopyFrom(wire.TensorProto(dtype=1, float_val=[1.0]))
    request.feed.add(name="x:0").tensor.CopyFrom(wire.TensorProto(dtype=3, int_val=[1]))
    request.feed.add()
    yield session_row("full", request)
    yield session_row("empty", wire.SessionRunRequest())


def session_row(name, request):
    feeds = ",".join(f"{feed.name}={serialized(feed.tensor).hex()}" for feed in request.feed)
    model = request.model_spec.name if request.HasField("model_spec") else "-"
    names = (",".join(request.fetch), ",".join(request.target), str(request.tensor_name_is_alias).lower())
    return name, serialized(request).hex(), model, feeds, *names


def rows_of_session_responses():
    response = wire.SessionRunResponse(model_spec=spec())
    first = response.tensor.add(name="b:0").tensor
    first.CopyFrom(wire.TensorProto(dtype=1, float_val=[1.0, 2.0]))
    first.tensor_shape.dim.add(size=2)
    second = response.tensor.add(name="a:0").tensor
    second.CopyFrom(wire.TensorProto(dtype=7, string_val=[b"q"]))
    second.tensor_shape.SetInParent()
    yield "two", serialized(response).hex()


# === JSON ===

# (name, body, signature, context, examples); features stand in the order in which protobuf sorts them.
JSON_CASES = [
    ("integers", '{"examples":[{"x":1},{"x":[-1,0,9223372036854775807,-9223372036854775808]}]}', "", None, [
        example(x=("int64", [1])), example(x=("int64", [-1, 0, 2**63 - 1, -(2**63)])),
    ]),
    ("floats", '{"examples":[{"x":[1.0,2e3,NaN,-Infinity,18446744073709551616,0.1,-0.0]}]}', "", None, [
        example(x=("float", [1.0, 2000.0, NAN, float("-inf"), 2.0**64, 0.1, -0.0])),
    ]),
    ("booleans", '{"examples":[{"x":true,"y":[false,true,7]}]}', "", None, [
        example(x=("int64", [1]), y=("int64", [0, 1, 7])),
    ]),
    ("bytes", '{"examples":[{"x":["a\\u00e9",{"b64":"/+8="},""],"y":{"b64":""}}]}', "", None, [
        example(x=("bytes", ["aé".encode(), b"\xff\xef", b""]), y=("bytes", [b""])),
    ]),
    ("no kind", '{"examples":[{"x":[]},{}]}', "", None, [example(x=None), example()]),
    ("context", '{"signature_name":"s","context":{"c":2.5},"other":[{}],"examples":[{"x":1},{}]}', "s",
     example(c=("float", [2.5])), [example(x=("int64", [1])), example()]),
    ("empty context", '{"examples":[{"x":1}],"context":{}}', "", example(), [example(x=("int64", [1]))]),
    ("names", '{"examples":[{"":1},{"\\u00fc":"v"},{"' + "n" * 300 + '":[2,3]}]}', "", None, [
        example(**{"": ("int64", [1])}), example(ü=("bytes", [b"v"])), example(**{"n" * 300: ("int64", [2, 3])}),
    ]),
    ("long", '{"examples":[{"x":[' + ",".join(["300"] * 100) + "]}]}", "", None, [example(x=("int64", [300] * 100))]),
]  # fmt: skip


def rows_of_json_examples():
    for name, body, signature, context, examples in JSON_CASES:
        front = serialized(context) if context is not None else b""
        yield name, body, signature, ",".join((front + serialized(item)).hex() for item in examples)


def main():
    TARGET.mkdir(exist_ok=True)
    tables = {
        "inputs": rows_of_inputs(),
        "tasks": rows_of_tasks(),
        "classifications": rows_of_classifications(),
        "regressions": rows_of_regressions(),
        "multi": rows_of_multi(),
        "session_requests": rows_of_session_requests(),
        "session_responses": rows_of_session_responses(),
        "json_examples": rows_of_json_examples(),
    }
    for name, rows in tables.items():
        lines = ["\t".join(row) for row in rows]
        (TARGET / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
