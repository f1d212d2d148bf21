"""Files to the values of inputs, as they stand there: what they are for, and of which type, is decided later.

JSON is what the REST API takes: `{"instances": ...}`, `{"inputs": ...}`, or an object of inputs, or a list of rows. NPZ
holds arrays by name, NPY one without a name. CSV has a head line of names; a column is an input, and columns called
`x[0]`, `x[1]`, ... are the elements of one. Cells are text until the model's signature says more.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from salver.client.plain_values import array_of_any
from salver.errors import InvalidArgumentError

ONLY = ""
"""The name of values that came without one: they are for the only input of a signature."""

Values = Mapping[str, Any]
_ELEMENT = re.compile(r"(.+)\[(\d+)\]")


def read_values(data: bytes, form: str) -> Values:
    """Read the content of a file.

    Args:
        data: The content.
        form: `json`, `npy`, `npz` or `csv`.

    Raises:
        InvalidArgumentError: It is not of this form.
    """
    if not data.strip():
        raise InvalidArgumentError("there is nothing in it")
    return _READERS[form](data)


def form_of(path: str, data: bytes) -> str:
    """The form of a file, by the end of its name or, without one, by its first bytes."""
    ending = path.rpartition(".")[2].lower()
    if ending in _READERS:
        return ending
    if data.startswith(b"\x93NUMPY"):
        return "npy"
    if data.startswith(b"PK\x03\x04"):
        return "npz"
    return "json" if data.lstrip()[:1] in {b"{", b"["} else "csv"


def _json(data: bytes) -> Values:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"no JSON: {error}") from None
    if isinstance(document, dict):
        given = [key for key in ("instances", "inputs") if key in document]
        if len(given) == 1 and set(document) <= {given[0], "signature_name"}:
            document = document[given[0]]
            if given == ["inputs"] and not isinstance(document, dict):
                return {ONLY: document}
    if isinstance(document, list):
        return _rows(document)
    if not isinstance(document, dict) or _is_bytes(document):
        return {ONLY: document}
    return document


def _rows(rows: list[Any]) -> Values:
    if not any(isinstance(row, dict) and not _is_bytes(row) for row in rows):
        return {ONLY: rows}
    names = list(rows[0]) if isinstance(rows[0], dict) else []
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or set(row) != set(names):
            raise InvalidArgumentError(f"row {number} has not the inputs of the first: {', '.join(names) or 'none'}")
    return {name: [row[name] for row in rows] for name in names}


def _is_bytes(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def _npy(data: bytes) -> Values:
    found = _loaded(data)
    if not isinstance(found, np.ndarray):
        raise InvalidArgumentError("no NPY but an archive: NPZ")
    return {ONLY: found}


def _npz(data: bytes) -> Values:
    found = _loaded(data)
    if not isinstance(found, dict):
        raise InvalidArgumentError("no NPZ but one array: NPY")
    return found


def _loaded(data: bytes) -> Any:
    """An array, or a dict of those in an archive; never what would have to be unpickled."""
    try:
        found = np.load(io.BytesIO(data), allow_pickle=False)
        return found if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except Exception as error:  # noqa: BLE001  # whatever zipfile, zlib and numpy's reader of headers say of damage
        raise InvalidArgumentError(f"no arrays of numpy: {error}") from None


def _csv(data: bytes) -> Values:
    try:
        rows = [row for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidArgumentError(f"no CSV: {error}") from None
    if not rows:
        raise InvalidArgumentError("no CSV: the first line must name the columns")
    head, *body = rows
    for number, row in enumerate(body, 2):
        if len(row) != len(head):
            raise InvalidArgumentError(f"line {number} has {len(row)} cells, the head {len(head)}")
    columns = {name.strip(): [row[place] for row in body] for place, name in enumerate(head)}
    if len(columns) != len(head):
        raise InvalidArgumentError("two columns have the same name")
    return _gathered(columns)


def _gathered(columns: dict[str, list[str]]) -> Values:
    """Columns `x[0]`, `x[1]`, ... become one input of rows with so many elements."""
    out: dict[str, Any] = {}
    parts: dict[str, dict[int, list[str]]] = {}
    for name, cells in columns.items():
        found = _ELEMENT.fullmatch(name)
        if found is None:
            out[name] = np.array(cells, dtype=object)
        else:
            parts.setdefault(found[1], {})[int(found[2])] = cells
    for name, elements in parts.items():
        if name in out or sorted(elements) != list(range(len(elements))):
            raise InvalidArgumentError(f"the columns of {name} must be {name}[0] to {name}[{len(elements) - 1}]")
        out[name] = np.array([elements[place] for place in range(len(elements))], dtype=object).T
    return out


_READERS: dict[str, Callable[[bytes], Values]] = {"json": _json, "npy": _npy, "npz": _npz, "csv": _csv}
FORMS = tuple(_READERS)


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """Nested lists of JSON as an array; bytes in base64 become bytes.

    Raises:
        InvalidArgumentError: Lists of unequal lengths, or what is no bytes.
    """
    if isinstance(value, np.ndarray):
        return value
    try:
        return array_of_any(_with_bytes(value))
    except (ValueError, OverflowError) as error:
        raise InvalidArgumentError(str(error)) from None
    except RecursionError:
        raise InvalidArgumentError("the lists are nested too deep") from None


def _with_bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if _is_bytes(value):
        import base64

        return base64.b64decode(value["b64"], validate=True)
    return value
