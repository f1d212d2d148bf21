"""Tensors, examples and requests as protobuf text, for cases of the conformance suite."""

from __future__ import annotations

from collections.abc import Sequence


def octets(data: bytes) -> str:
    """A bytes value."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def tensor(dtype: str, shape: Sequence[int] | None, values: str = "") -> str:
    """A TensorProto; without a shape where that is None."""
    dims = "" if shape is None else "tensor_shape { " + "".join(f"dim {{ size: {size} }} " for size in shape) + "} "
    return f"dtype: {dtype} {dims}{values}"


def fed(name: str, value: str) -> str:
    """An input of a PredictRequest."""
    return f'inputs {{ key: "{name}" value {{ {value} }} }} '


def given(name: str, value: str) -> str:
    """An output of a PredictResponse."""
    return f'outputs {{ key: "{name}" value {{ {value} }} }} '


def floats(*values: float) -> str:
    """A list of floats."""
    return tensor("DT_FLOAT", [len(values)], f"float_val: {list(values)}")


def spec(name: str, signature: str = "", version: int | None = None) -> str:
    """A model_spec of a request or an answer."""
    choice = f"version {{ value: {version} }} " if version is not None else ""
    named = f'signature_name: "{signature}" ' if signature else ""
    return f'model_spec {{ name: "{name}" {choice}{named}}} '


def example(**features: float | str | Sequence[float]) -> str:
    """The fields of an Example: floats as float_list, text as bytes_list."""
    out = ""
    for name, value in features.items():
        values = [value] if isinstance(value, float | int | str) else list(value)
        kind = "bytes_list" if isinstance(values[0], str) else "float_list"
        items = "".join(f'value: "{item}" ' if isinstance(item, str) else f"value: {item} " for item in values)
        out += f'feature {{ key: "{name}" value {{ {kind} {{ {items}}} }} }} '
    return f"features {{ {out}}}"


def examples(*given_examples: str, context: str | None = None) -> str:
    """The `input` of Classify, Regress and MultiInference."""
    listed = "".join(f"examples {{ {one} }} " for one in given_examples)
    if context is None:
        return f"input {{ example_list {{ {listed}}} }}"
    return f"input {{ example_list_with_context {{ {listed}context {{ {context} }} }} }}"
