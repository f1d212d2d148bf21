"""Examples in JSON to messages and back, as `:classify` and `:regress` of the REST API have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salver.errors import InvalidArgumentError
from salver.records.json_values import bytes_from_json, json_from_bytes, quoted

if TYPE_CHECKING:
    from salver.wire import Message

_INT64 = 2**63


def example_from_json(value: Any, what: str) -> Message:
    """Return an object of features as an Example.

    Args:
        value: The object.
        what: What to call it in messages.

    Raises:
        InvalidArgumentError: It is no object of scalars and flat lists, each of one kind.
    """
    from salver import wire

    if not isinstance(value, dict):
        raise InvalidArgumentError(f"{what} must be an object of features, got {quoted(value)}")
    example = wire.Example()
    example.features.SetInParent()
    for name, items in value.items():
        _fill(example.features.feature[name], items if isinstance(items, list) else [items], f"{what}, feature {name}")
    return example


def example_to_json(example: Message) -> dict[str, Any]:
    """Return the features of an Example by name, each as a list."""
    return {name: _items(example.features.feature[name]) for name in sorted(example.features.feature)}


def _fill(feature: Message, items: list[Any], what: str) -> None:
    kinds = {_kind(item, what) for item in items}
    if len(kinds) > 1:
        raise InvalidArgumentError(
            f"{what} mixes {' and '.join(sorted(kinds))}; write numbers that are fractions with a decimal point"
        )
    for kind in kinds:
        values = [_value(item, kind, what) for item in items]
        getattr(feature, f"{kind}_list").value.extend(values)


def _kind(item: Any, what: str) -> str:
    if isinstance(item, float):
        return "float"
    if isinstance(item, int) and -_INT64 <= item < _INT64:
        return "int64"
    if isinstance(item, str | dict):
        return "bytes"
    raise InvalidArgumentError(f"{what}: expected a number, a string or a flat list of them, got {quoted(item)}")


def _value(item: Any, kind: str, what: str) -> Any:
    return bytes_from_json(item, what) if kind == "bytes" else float(item) if kind == "float" else int(item)


def _items(feature: Message) -> list[Any]:
    kind = feature.WhichOneof("kind")
    if kind is None:
        return []
    values = getattr(feature, kind).value
    return [json_from_bytes(value) for value in values] if kind == "bytes_list" else list(values)
