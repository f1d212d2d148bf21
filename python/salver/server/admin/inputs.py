"""Strict reading of what a request says: bodies and queries become dataclasses, and all that is wrong is told at once.

A field must be known, of its type and within its `Limits`; what has no default must be there. `null` stands for None
where the type allows it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
import types
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from salver.admin.limits import Limits
from salver.errors import InvalidArgumentError
from salver.nearest import did_you_mean

D = TypeVar("D")

_WORDS: Mapping[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Mapping: "an object",
    tuple: "a list",
}
_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_MAX_SHOWN = 80
"""Characters of a wrong value that a message repeats."""
_MAX_PROBLEMS = 20
"""What is wrong beyond these is counted."""
_MAX_JSON_BYTES = 4 << 20
"""Bodies may be larger where they are files; a document of this size names more than 100,000 labels."""


def read_body(kind: type[D], body: bytes, what: str) -> D:
    """Read a body in JSON; an empty one is an empty object.

    Args:
        kind: The dataclass that it stands for.
        body: As sent.
        what: What the body says, for messages: `a model`.

    Raises:
        InvalidArgumentError: It says something else; names all that is wrong.
    """
    return read_fields(kind, read_json(body), what)


def read_json(body: bytes) -> dict[str, Any]:
    """Read an object in JSON, stricter than `json.loads`: no NaN, no repeated names, no text that is no Unicode.

    Raises:
        InvalidArgumentError: It is none, or longer than 4 MiB.
    """
    if len(body) > _MAX_JSON_BYTES:
        raise InvalidArgumentError(f"the body has {len(body)} bytes; a JSON body may have {_MAX_JSON_BYTES}")
    try:
        text = body.decode()
        document = json.loads(text or "{}", object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidArgumentError("the body is no JSON that can be read: it is nested too deeply") from None
    except ValueError as error:
        raise InvalidArgumentError(f"the body is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidArgumentError(f"the body must be a JSON object, got {_shown(document)}")
    return document


def read_query(kind: type[D], query: str) -> D:
    """Read a query, `a=1&b=2`.

    Raises:
        InvalidArgumentError: It says something else; names all that is wrong.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict", max_num_fields=99)
    except ValueError:
        raise InvalidArgumentError("the query is not of the form name=value&name=value in UTF-8") from None
    any_kind: Any = kind
    hints = _hints(any_kind)
    document: dict[str, Any] = {}
    problems = []
    for name, text in pairs:
        hint = hints.get(name)
        if get_origin(hint) is tuple:
            document.setdefault(name, []).append(text)
            continue
        if name in document:
            problems.append(f"{name} is given twice")
        document[name] = text if hint is None else _from_text(hint, text)
    return _made(kind, document, "the query", "parameter", problems)


def read_fields(kind: type[D], document: Mapping[str, Any], what: str) -> D:
    """Turn a JSON object into a dataclass; see `read_body`."""
    return _made(kind, document, what, "field", [])


def _made(kind: type[D], document: Mapping[str, Any], what: str, noun: str, problems: list[str]) -> D:
    values = _values(kind, document, what, noun, problems)
    if problems:
        more = len(problems) - _MAX_PROBLEMS
        told = problems[:_MAX_PROBLEMS] + ([f"and {more} more problems"] if more > 0 else [])
        raise InvalidArgumentError("; ".join(told))
    return kind(**values)


def _values(kind: Any, document: Mapping[str, Any], what: str, noun: str, problems: list[str]) -> dict[str, Any]:
    hints = _hints(kind)
    unknown = [name for name in document if name not in hints]
    problems += [_unknown(name, what, noun, hints) for name in unknown[:_MAX_PROBLEMS]]
    problems += [f"{what} has no {noun} {_cut(name)}" for name in unknown[_MAX_PROBLEMS:]]  # a guess takes its time
    needed = (field.name for field in dataclasses.fields(kind) if _is_needed(field) and field.name not in document)
    problems += [f"{what} has no {name}" for name in needed]
    return {name: _value(hints[name], value, name, problems) for name, value in document.items() if name in hints}


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _unknown(name: str, what: str, noun: str, known: Mapping[str, Any]) -> str:
    all_known = f"expected {', '.join(sorted(known))}" if known else "it has none"
    return f"{what} has no {noun} {_cut(name)}; {did_you_mean(name, known, all_known)}"


def _value(hint: Any, value: Any, name: str, problems: list[str], limits: Limits | None = None) -> Any:
    """The value as its field holds it; what is wrong with it goes to `problems`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(arguments[0], value, name, problems, arguments[1])
    if origin in {Union, types.UnionType}:
        inner = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _value(inner, value, name, problems, limits)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return _nested(hint, value, name, problems)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(arguments[0], item, f"{name}[{index}]", problems) for index, item in enumerate(value))
    if origin is Mapping and isinstance(value, Mapping):
        problems += [f"a name in {name} is empty" for key in value if not key and get_origin(arguments[0]) is Annotated]
        return {key: _value(arguments[1], item, f"{name}.{_cut(key)}", problems) for key, item in value.items()}
    return _plain(origin or hint, value, name, problems, limits or Limits())


def _nested(kind: Any, document: Mapping[str, Any], name: str, problems: list[str]) -> Any:
    own: list[str] = []
    values = _values(kind, document, name, "field", own)
    problems += own
    return None if own else kind(**values)


def _plain(kind: Any, value: Any, name: str, problems: list[str], limits: Limits) -> Any:
    if kind is Any:
        return value
    if isinstance(value, float) and kind is int and value.is_integer():
        value = int(value)
    if isinstance(value, int) and kind is float and abs(value) > sys.float_info.max:
        problems.append(f"{name} must be a number of 64 bits, got {_cut(str(value))}")
        return value
    is_bool = isinstance(value, bool)
    is_right = is_bool if kind is bool else isinstance(value, (int, float) if kind is float else kind) and not is_bool
    wrong = f"must be {_WORDS.get(kind, 'an object')}" if not is_right else _beyond(value, limits)
    if wrong:
        problems.append(f"{name} {wrong}, got {_shown(value)}")
    return value


def _beyond(value: Any, limits: Limits) -> str | None:
    """How a value of the right type is outside its limits."""
    if isinstance(value, str):
        if limits.choices and value not in limits.choices:
            return f"must be one of {', '.join(limits.choices)}"
        if limits.min_length is not None and len(value) < limits.min_length:
            return "must not be empty"
        if limits.pattern is not None and not re.match(limits.pattern, value):
            return f"must match {limits.pattern}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if limits.minimum is not None and value < limits.minimum:
            return f"must be {limits.minimum:g} or more"
        if limits.maximum is not None and value > limits.maximum:
            return f"must be {limits.maximum} or less"
    return None


def _from_text(hint: Any, text: str) -> Any:
    """The value that a text of a query stands for, or the text where it stands for none of the type."""
    kind = _plain_kind(hint)
    if kind is bool:
        return _TRUTH.get(text, text)
    if kind in {int, float} and re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", text):
        number = _number(kind, text)
        return text if number is None else number
    return text


def _number(kind: Callable[[str], float], text: str) -> float | None:
    try:
        number = kind(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain_kind(hint: Any) -> Any:
    while get_origin(hint) is not None:
        hint = next(argument for argument in get_args(hint) if argument is not type(None))
    return hint


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _shown(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=True))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise ValueError(f"{_cut(next(name for name, _ in pairs if counts[name] > 1))} is given twice in one object")
    return document


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{_cut(text)} is too large")
    return number
