"""Makes `wire_vectors/`: serialized messages and what tensorflow reads from them, for the tests of the Rust codec.

Needs tensorflow; run by hand after a change here. A line is one vector with tab-separated columns; bytes are in hex.

tensors.tsv:   name, TensorProto, `error` or `ok`, dtype number, shape, elements (strings: hex each, comma-separated)
encoded.tsv:   name, TensorProto in typed fields, the same tensor in tensor_content
requests.tsv:  name, PredictRequest, model, version choice, signature, inputs (`name=hex`), output filter
responses.tsv: name, PredictResponse (model "m", version 7, signature "s", outputs sorted by name)
"""

from __future__ import annotations

import os
import pathlib
import random
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "python"))

from salver import wire

TARGET = pathlib.Path(__file__).parent / "wire_vectors"

TYPED = {
    "DT_FLOAT": "float_val",
    "DT_DOUBLE": "double_val",
    "DT_INT32": "int_val",
    "DT_UINT8": "int_val",
    "DT_INT16": "int_val",
    "DT_INT8": "int_val",
    "DT_STRING": "string_val",
    "DT_COMPLEX64": "scomplex_val",
    "DT_INT64": "int64_val",
    "DT_BOOL": "bool_val",
    "DT_QINT8": "int_val",
    "DT_QUINT8": "int_val",
    "DT_QINT32": "int_val",
    "DT_BFLOAT16": "half_val",
    "DT_QINT16": "int_val",
    "DT_QUINT16": "int_val",
    "DT_UINT16": "int_val",
    "DT_COMPLEX128": "dcomplex_val",
    "DT_HALF": "half_val",
    "DT_UINT32": "uint32_val",
    "DT_UINT64": "uint64_val",
    "DT_FLOAT8_E5M2": "float8_val",
    "DT_FLOAT8_E4M3FN": "float8_val",
    "DT_FLOAT8_E4M3FNUZ": "float8_val",
    "DT_FLOAT8_E4M3B11FNUZ": "float8_val",
    "DT_FLOAT8_E5M2FNUZ": "float8_val",
    "DT_INT4": "int_val",
    "DT_UINT4": "int_val",
}


def proto(dtype, shape, **fields):
    """A TensorProto with these dimensions and fields."""
    made = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(dtype) if isinstance(dtype, str) else dtype, **fields)
    made.tensor_shape.SetInParent()
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


def varint(value):
    """`value` in base 128."""
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def string_content(strings):
    """The layout of strings in tensor_content."""
    return b"".join(varint(len(s)) for s in strings) + b"".join(strings)


def sample(field, count, rng):
    """`count` elements for a typed field, with the awkward ones among them."""
    pools = {
        "float_val": [0.0, -0.0, 1.5, float("inf"), -3.25e-20],
        "double_val": [0.0, 1e300, -2.5, float("-inf")],
        "scomplex_val": [0.0, 1.0, -2.0, 0.5],
        "dcomplex_val": [0.0, 1.0, -2.0, 0.5],
        "int_val": [0, 1, -1, 127, 128, 255, 300, -129, 65535, 70000, 2**31 - 1, -(2**31)],
        "half_val": [0, 0x3C00, 0x3F80, 0xFC00, 0x13C00, -1],
        "int64_val": [0, 1, -1, 2**63 - 1, -(2**63), 300],
        "uint32_val": [0, 1, 2**32 - 1, 300],
        "uint64_val": [0, 1, 2**64 - 1, 300],
        "bool_val": [True, False],
        "string_val": [b"", b"a", b"\x00\xff", b"x" * 200],
    }
    if field == "float8_val":
        return bytes(rng.randrange(256) for _ in range(count))
    width = 2 if "complex" in field else 1
    return [rng.choice(pools[field]) for _ in range(count * width)]


def tensor_cases(rng):
    """(name, serialized TensorProto) for every rule."""
    for dtype, field in TYPED.items():
        for sent in (0, 1, 2, 3, 6, 9):
            yield f"{dtype} {sent} of 6", proto(dtype, [2, 3], **{field: sample(field, sent, rng)})
        yield f"{dtype} scalar", proto(dtype, [], **{field: sample(field, 1, rng)})
        yield f"{dtype} no elements", proto(dtype, [2, 0], **{field: sample(field, 2, rng)})
        yield f"{dtype} negative dimension", proto(dtype, [2, -1], **{field: sample(field, 2, rng)})
        wrong = "int64_val" if field != "int64_val" else "int_val"
        yield f"{dtype} wrong field", proto(dtype, [2], **{wrong: [5, 6]})
        size = 3 if dtype == "DT_STRING" else tf.as_dtype(types_pb2.DataType.Value(dtype)).size * 2
        for extra in (-1, 0, 1):
            content = (
                string_content([b"", b"a"]) if dtype == "DT_STRING" else bytes(rng.randrange(2) for _ in range(size))
            )
            content = content[:-1] if extra < 0 else content + b"\x01" * extra
            yield f"{dtype} content {extra:+}", proto(dtype, [2], tensor_content=content)
    yield from string_cases()
    yield from shape_cases()
    yield from layout_cases()


def string_cases():
    """Strings in tensor_content."""
    for name, content in {
        "two strings": b"\x02\x01abc",
        "one byte too many": b"\x02\x01abcd",
        "one byte too few": b"\x02\x01ab",
        "length cut": b"\x80",
        "empty strings": b"\x00\x00",
        "huge length": b"\xff\xff\xff\xff\x0f\x00",
    }.items():
        yield f"string content {name}", proto("DT_STRING", [2], tensor_content=content)
    yield "string content long", proto("DT_STRING", [2], tensor_content=string_content([b"y" * 300, b""]))


def shape_cases():
    """Shapes, dtypes and booleans that are accepted or not."""
    unknown = proto("DT_FLOAT", [], float_val=[2.5])
    unknown.tensor_shape.unknown_rank = True
    yield "unknown rank", unknown
    named = proto("DT_FLOAT", [2], float_val=[1, 2])
    named.tensor_shape.dim[0].name = "batch"
    yield "named dimension", named
    yield "no shape", tensor_pb2.TensorProto(dtype=1, float_val=[4.0])
    yield "no dtype", tensor_pb2.TensorProto(float_val=[4.0])
    for number in (0, 20, 101, 107, 34, 99, 134, -1):
        yield f"dtype {number}", proto(number, [1], float_val=[1.0])
    yield "too many elements", proto("DT_FLOAT", [2**40, 2**40], float_val=[1.0])
    yield "rank 254", proto("DT_FLOAT", [1] * 254, float_val=[1.0])
    yield "rank 255", proto("DT_FLOAT", [1] * 255, float_val=[1.0])
    yield "content of a scalar bool 2", proto("DT_BOOL", [], tensor_content=b"\x02")
    yield "content wins", proto("DT_INT32", [1], tensor_content=b"\x07\0\0\0", int_val=[9])
    yield "content with no elements", proto("DT_INT32", [0], tensor_content=b"\x07\0\0\0")
    yield "version number", proto("DT_INT32", [1], int_val=[9], version_number=3)


def layout_cases():
    """Serialized forms that no writer of today makes but readers accept."""
    head = b"\x08\x01"  # dtype float
    shape = bytes.fromhex("120412020802")
    one, two = b"\x2d\x00\x00\x80\x3f", b"\x2d\x00\x00\x00\x40"
    packed = b"\x2a\x04\x00\x00\x80\x3f"
    yield "float unpacked", head + shape + one + two
    yield "float packed then single", head + shape + packed + two
    yield "float two runs", head + shape + packed + packed
    yield "values before dtype and shape", one + two + shape + head
    yield "shape in two parts", head + shape + b"\x12\x04\x12\x02\x08\x01" + one + two
    yield "dtype twice", b"\x08\x03" + head + shape + one
    yield "group skipped", head + b"\x9b\x06\x08\x01\x9c\x06" + shape + one
    yield "group not ended", head + b"\x9b\x06\x08\x01" + shape
    yield "packed float cut", head + shape + b"\x2a\x03\x00\x00\x80"
    yield "int64 unpacked", b"\x08\x09" + shape + b"\x50\x01\x50\x02"
    yield "int64 mixed", b"\x08\x09" + shape + b"\x50\x05\x52\x01\x06"
    yield "int64 packed cut", b"\x08\x09" + shape + b"\x52\x01\x80"
    yield "int64 overlong varint", b"\x08\x09" + shape + b"\x52\x03\x81\x80\x00"
    yield "bool varint 300", b"\x08\x0a" + shape + b"\x5a\x02\xac\x02"
    yield "content twice", b"\x08\x04" + shape + b"\x22\x02\x01\x02\x22\x02\x03\x04"
    yield "truncated", head + shape + b"\x2d\x00\x00"
    yield "field number 0", head + b"\x00\x00"
    yield "unknown field", head + shape + one + b"\xf8\x07\x01"
    yield "wrong wire type of dtype", b"\x0d\x01\x00\x00\x00" + head + shape + one


def read(serialized, dtype):
    """What tensorflow makes of it: a tuple of columns. Handles are made anew by it and refused by the server."""
    if dtype in {types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT}:
        return ("error",)
    try:
        made = tf.io.parse_tensor(serialized, tf.as_dtype(dtype % 100 if dtype > 100 else dtype))
    except (tf.errors.OpError, TypeError, ValueError):
        return ("error",)
    shape = ",".join(str(size) for size in made.shape)
    if made.dtype == tf.string:
        elements = ",".join(item.hex() for item in np.asarray(made.numpy(), dtype=object).reshape(-1))
    else:
        elements = elements_of(made)
    return ("ok", str(dtype), shape, elements)


def elements_of(tensor):
    """The memory of a tensor in hex; flat, as numpy has fewer dimensions than a tensor may have."""
    return (
        tf.reshape(tensor, [-1]).numpy().tobytes().hex() if tensor.shape.rank > 32 else tensor.numpy().tobytes().hex()
    )


def dtype_of(serialized):
    try:
        return tensor_pb2.TensorProto.FromString(serialized).dtype
    except Exception:  # noqa: BLE001 -- whatever protobuf says, the vector is an error
        return 1


def rows_of_tensors():
    rng = random.Random(7)
    for name, message in tensor_cases(rng):
        serialized = message if isinstance(message, bytes) else message.SerializeToString()
        yield (name, serialized.hex(), *read(serialized, dtype_of(serialized)))


def rows_of_encodings():
    rng = random.Random(8)
    for dtype, field in TYPED.items():
        for shape in ([], [3], [2, 2], [0], [2, 0, 1]):
            count = int(np.prod(shape, dtype=int))
            typed = proto(dtype, shape, **{field: canonical(dtype, field, sample(field, count, rng))} if count else {})
            content = proto(dtype, shape)
            content.tensor_content = content_of(typed, dtype, count)
            yield f"{dtype} {shape}", typed.SerializeToString().hex(), content.SerializeToString().hex()


def canonical(dtype, field, values):
    """Values as a writer would put them: within the width of the type."""
    if field not in {"int_val", "half_val"}:
        return values
    if dtype in {"DT_INT4", "DT_UINT4"}:
        return [value & 7 for value in values]
    if field == "half_val":
        return [value & 0xFFFF for value in values]
    kind = np.dtype(
        {"DT_QINT8": "i1", "DT_QUINT8": "u1", "DT_QINT16": "i2", "DT_QUINT16": "u2", "DT_QINT32": "i4"}.get(
            dtype, dtype.removeprefix("DT_").lower()
        )
    )
    return [int(value) for value in np.array(values, dtype=np.int64).astype(kind)]


def content_of(typed, dtype, count):
    if not count:
        return b""
    if dtype == "DT_STRING":
        return string_content(list(typed.string_val))
    return bytes.fromhex(read(typed.SerializeToString(), typed.dtype)[3])


def rows_of_requests():
    def request(**fields):
        return wire.PredictRequest(**fields)

    full = request(output_filter=["y", "z", "y"])
    full.model_spec.name = "mödel"
    full.model_spec.signature_name = "sig"
    full.model_spec.version.value = 0
    full.inputs["a"].CopyFrom(wire.TensorProto(dtype=1, float_val=[1.0]))
    full.predict_streamed_options.request_state = 1
    full.client_id = b"c"
    full.request_options.return_stoptokens.append(5)
    label = request()
    label.model_spec.name = "m"
    label.model_spec.version_label = "stable"
    negative = request()
    negative.model_spec.version.value = -5
    plain = {"full": full, "label": label, "negative version": negative, "empty": request()}
    for name, message in plain.items():
        yield request_row(name, message.SerializeToString())
    spec_a, spec_b = wire.ModelSpec(name="a", version_label="l"), wire.ModelSpec(signature_name="s")
    spec_b.version.value = 3
    spec = [b"\x0a" + varint(len(part)) + part for part in (spec_a.SerializeToString(), spec_b.SerializeToString())]
    yield request_row("merged specs", spec[0] + spec[1])
    first, second = b"\x12\x07\x0a\x01x\x12\x02\x08\x01", b"\x12\x07\x0a\x01x\x12\x02\x08\x02"
    yield request_row("last of a name wins", first + second)
    yield request_row("value in two parts", b"\x12\x0b\x0a\x01x\x12\x02\x08\x01\x12\x02\x18\x05")
    yield request_row("entry without key", b"\x12\x04\x12\x02\x08\x01")
    yield request_row("entry without value", b"\x12\x03\x0a\x01x")


def request_row(name, serialized):
    message = wire.PredictRequest.FromString(serialized)
    spec = message.model_spec
    choice = spec.WhichOneof("version_choice")
    chosen = {
        "version": f"version {spec.version.value}",
        "version_label": f"label {spec.version_label}",
        None: "latest",
    }
    inputs = ",".join(f"{key}={message.inputs[key].SerializeToString().hex()}" for key in sorted(message.inputs))
    model = spec.name if message.HasField("model_spec") else "<none>"
    return (name, serialized.hex(), model, chosen[choice], spec.signature_name, inputs, ",".join(message.output_filter))


def rows_of_responses():
    for name, outputs in {
        "none": {},
        "one": {"y": wire.TensorProto(dtype=1, float_val=[1.0, 2.0])},
        "two": {
            "b": wire.TensorProto(dtype=9, int64_val=[-1, 1]),
            "a": wire.TensorProto(dtype=7, string_val=[b"", b"q"]),
        },
    }.items():
        response = wire.PredictResponse()
        response.model_spec.name, response.model_spec.signature_name = "m", "s"
        response.model_spec.version.value = 7
        for key, tensor in outputs.items():
            tensor.tensor_shape.dim.add(size=2)
            response.outputs[key].CopyFrom(tensor)
        yield name, response.SerializeToString(deterministic=True).hex()


def main():
    TARGET.mkdir(exist_ok=True)
    tables = {
        "tensors": rows_of_tensors(),
        "encoded": rows_of_encodings(),
        "requests": rows_of_requests(),
        "responses": rows_of_responses(),
    }
    for name, rows in tables.items():
        lines = ["\t".join(row) for row in rows]
        (TARGET / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
