"""From dataclasses to JSON schemas: types and `Limits` give the rules, the text below a field its description."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from salver.admin.limits import Limits

Schema = dict[str, Any]

_TYPES: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}
_REF = "#/components/schemas/"


class Schemas:
    """Gives schemas, and collects those of dataclasses under their names."""

    def __init__(self, *, is_strict: bool = False) -> None:
        """Begin with none.

        Args:
            is_strict: Whether fields that are not known are wrong: for what the server reads, not for what it writes.
        """
        self._is_strict = is_strict
        self.named: dict[str, Schema] = {}

    def of(self, hint: Any) -> Schema:
        """Return the schema of a type; of a dataclass a reference."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return _limited(self.of(arguments[0]), arguments[1])
        if origin in {Union, types.UnionType}:
            return _or_null(self.of(next(argument for argument in arguments if argument is not type(None))))
        if origin is tuple:
            return {"type": "array", "items": self.of(arguments[0])}
        if origin is Mapping:
            return self._mapping(*arguments)
        if dataclasses.is_dataclass(hint):
            return {"$ref": _REF + self._name(hint)}
        return dict(_TYPES[hint])

    def fields(self, kind: Any) -> Iterator[tuple[str, Schema, bool]]:
        """Give name and schema of each field of a dataclass, and whether it must be there."""
        hints, texts = get_type_hints(kind, include_extras=True), field_texts(kind)
        for field in dataclasses.fields(kind):
            schema = self.of(hints[field.name])
            if field.name in texts:
                schema = _described(schema, texts[field.name])
            default = _default(field)
            if default is not dataclasses.MISSING and default is not None:
                schema["default"] = default
            is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            yield field.name, schema, is_needed

    def _mapping(self, key: Any, value: Any) -> Schema:
        names = self.of(key)
        del names["type"]
        schema: Schema = {"type": "object", "additionalProperties": self.of(value)}
        return {**schema, "propertyNames": names} if names else schema

    def _name(self, kind: Any) -> str:
        name: str = kind.__name__.removesuffix("Document")
        if name not in self.named:
            self.named[name] = {}  # first: a document may hold others of its kind
            self.named[name] = self._object(kind)
        return name

    def _object(self, kind: Any) -> Schema:
        fields = list(self.fields(kind))
        schema: Schema = {
            "type": "object",
            "description": (inspect.getdoc(kind) or "").partition("\n")[0],
            "properties": {name: schema for name, schema, _ in fields},
        }
        # What the server writes has every field.
        needed = [name for name, _, is_needed in fields if is_needed or not self._is_strict]
        if needed:
            schema["required"] = needed
        if self._is_strict:
            schema["additionalProperties"] = False
        return schema


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _limited(schema: Schema, limits: Limits) -> Schema:
    if limits.schema is not None:
        is_nullable = "null" in schema.get("type", ())
        return {"anyOf": [dict(limits.schema), {"type": "null"}]} if is_nullable else dict(limits.schema)
    words = {
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "minLength": limits.min_length,
        "pattern": limits.pattern and f"^{limits.pattern}",
    }
    schema = {**schema, **{word: value for word, value in words.items() if value is not None}}
    if limits.choices:
        is_nullable = "null" in schema["type"]
        schema["enum"] = [*limits.choices, None] if is_nullable else list(limits.choices)
    return schema


def _or_null(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _described(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text}


@cache
def field_texts(kind: type) -> Mapping[str, str]:
    """Return the text below each field of a dataclass; none where the source is not at hand."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if dataclasses.is_dataclass(base):
            texts |= _own_texts(base)
    return texts


def _own_texts(kind: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        return {}
    texts, name = {}, None
    for node in tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else ():
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            texts[name] = " ".join(str(node.value.value).split())
            name = None
    return texts
