"""Examples for classify and regress: features by name, each a number, text, or a flat list of one kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salver.client.plain_values import array_of_any
from salver.errors import InvalidArgumentError

Example = Mapping[str, Any]
_INT64_MAX = 2**63 - 1


def features(example: Example, what: str) -> dict[str, list[Any]]:
    """The values of an example by feature: lists of bytes, of float or of int.

    Args:
        example: What a caller gave.
        what: How errors call it, for example `examples[3]`.

    Raises:
        InvalidArgumentError: A feature that an Example cannot hold.
    """
    if not isinstance(example, Mapping):
        raise InvalidArgumentError(f"{what}: expected features by name, got {type(example).__name__}")
    return {name: _values(value, f"{what}: feature {name!r}") for name, value in example.items()}


def example_message(values: Mapping[str, Sequence[Any]]) -> bytes:
    """The Example of the wire for what `features` returns."""
    from salver import wire

    message = wire.Example()
    for name, items in values.items():
        feature = message.features.feature[name]
        if not items:
            continue
        kind = {bytes: feature.bytes_list, float: feature.float_list, int: feature.int64_list}[type(items[0])]
        kind.value.extend(items)
    return message.SerializeToString()


def _values(value: Any, what: str) -> list[Any]:
    try:
        array = array_of_any(value)
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"{what} is no flat list: {error}") from None
    if array.ndim > 1:
        raise InvalidArgumentError(f"{what}: expected a value or a flat list, got the shape {list(array.shape)}")
    items = array.reshape(-1).tolist()
    if array.dtype.kind in "OSU":
        return [_text(item, what) for item in items]
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        return [float(item) for item in items]
    if array.dtype.kind not in "biu":
        raise InvalidArgumentError(f"{what}: expected text or numbers, got {array.dtype.name}")
    if any(item > _INT64_MAX for item in items):
        raise InvalidArgumentError(f"{what}: integers are of 64 bits, got {max(items)}")
    return [int(item) for item in items]


def _text(item: Any, what: str) -> bytes:
    if isinstance(item, bytes):
        return item
    if not isinstance(item, str):
        raise InvalidArgumentError(f"{what}: expected bytes, str or numbers, got an element {item!r:.100}")
    return item.encode("utf-8", "surrogatepass")
