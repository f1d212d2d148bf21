"""Arrays to files: the same forms that inputs come in."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from salver.errors import InvalidArgumentError

Array = np.ndarray[Any, Any]
Outputs = Mapping[str, Array]


def written(outputs: Outputs, form: str) -> bytes:
    """Return the content of a file.

    Raises:
        InvalidArgumentError: The form cannot hold these arrays; says which can.
    """
    return _WRITERS[form](outputs)


def _json(outputs: Outputs) -> bytes:
    """Indented by output; each on one line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(_plain(array))}" for name, array in outputs.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _plain(array: Array) -> Any:
    if array.dtype.kind == "c":
        raise InvalidArgumentError("JSON has no complex numbers; NPZ has: --format npz")
    if array.dtype.kind == "V":  # the types of ml_dtypes
        array = array.astype(np.float64)
    return _with_text(array.tolist())


def _with_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_text(item) for item in value]
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _npz(outputs: Outputs) -> bytes:
    out = io.BytesIO()
    arrays: dict[str, Any] = {name: _storable(array) for name, array in outputs.items()}
    np.savez(out, **arrays)
    return out.getvalue()


def _npy(outputs: Outputs) -> bytes:
    if len(outputs) != 1:
        raise InvalidArgumentError(f"NPY holds one array, and there are {len(outputs)}: --format npz")
    out = io.BytesIO()
    np.save(out, _storable(next(iter(outputs.values()))), allow_pickle=False)
    return out.getvalue()


def _storable(array: Array) -> Array:
    """Text as numpy's own: objects would be pickled; and float32 for what only ml_dtypes knows."""
    if array.dtype == object:
        return array.astype(bytes)
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _csv(outputs: Outputs) -> bytes:
    columns: dict[str, list[Any]] = {}
    for name, array in outputs.items():
        if array.ndim < 2:
            columns[name] = array.reshape(-1).tolist()
            continue
        rows = array.reshape(array.shape[0], -1)
        columns |= {f"{name}[{place}]": rows[:, place].tolist() for place in range(rows.shape[1])}
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) > 1:
        raise InvalidArgumentError("the outputs have different numbers of rows, which a table has not: --format json")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in zip(*columns.values(), strict=True))
    return out.getvalue().encode("utf-8", "surrogateescape")


def _cell(cell: Any) -> Any:
    return cell.decode("utf-8", "surrogateescape") if isinstance(cell, bytes) else cell


_WRITERS: dict[str, Callable[[Outputs], bytes]] = {"json": _json, "npy": _npy, "npz": _npz, "csv": _csv}
