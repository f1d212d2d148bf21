"""From JSON to the documents.

A newer server may say more than is known here: unknown fields are passed over, and missing ones take their default.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from salver.errors import FailedPreconditionError

D = TypeVar("D")


def read_document(kind: type[D], document: Any) -> D:
    """Return the document that a JSON value stands for.

    Args:
        kind: A dataclass of this package.
        document: What `json.loads` gave.

    Raises:
        FailedPreconditionError: It is no such document.
    """
    try:
        made: D = _read(kind, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FailedPreconditionError(f"the answer of the server is not understood: {error}") from None
    return made


def _read(kind: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, value)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return None if value is None else _read(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in value)
    if origin is Mapping:
        return {name: _read(arguments[1], item) for name, item in value.items()}
    return value


def _read_fields(kind: Any, document: Any) -> Any:
    if not isinstance(document, dict):
        raise TypeError(f"{kind.__name__} should be an object, got {type(document).__name__}")
    hints = _hints(kind)
    return kind(**{name: _read(hints[name], value) for name, value in document.items() if name in hints})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
