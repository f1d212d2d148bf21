"""From a path to what it holds."""

from __future__ import annotations

import os
import time

from salver.errors import InvalidArgumentError, NotFoundError, SalverError, error_from_code
from salver.inspection.base_path import inspect_base_path
from salver.inspection.report import BasePathReport, VersionReport
from salver.inspection.version import FORMATS, Depth, format_of, inspect_version
from salver.sources.version_directory import list_versions

_MAX_NAMED = 8
_OTHERS = {
    ".keras": "a Keras file: export it with model.export(DIR)",
    ".h5": "a Keras file of old: load it and export it with model.export(DIR)",
    ".onnx": "an ONNX model, which needs a loader of its own",
    ".pt": "a PyTorch file, which a Python servable can load",
    ".meta": "a session bundle: export it as a SavedModel",
    ".pkl": "a pickle, which a Python servable can load",
}
"""Files of other formats, by how they end."""


def inspect(path: str, depth: Depth, *, format: str | None = None) -> VersionReport | BasePathReport:
    """Return what there is to tell of a path: a version directory, its model file, or a base path.

    Args:
        path: The path.
        depth: How far to go.
        format: Which of several models in one directory is meant; None takes the one that the server would.

    Raises:
        NotFoundError: There is nothing, or no model; says what was expected and what is there.
        SalverError: The model is damaged, not finished, or cannot be read here.
    """
    if os.path.isfile(path) and os.path.basename(path) in FORMATS:
        format = format or FORMATS[os.path.basename(path)]
        path = os.path.dirname(path) or "."
    _check_directory(path)
    found = format or format_of(path)
    if format is not None and not _holds(path, format):
        raise NotFoundError(f"{path} holds no {format} model")
    if found is not None:
        try:
            return inspect_version(path, found, depth)
        except SalverError as error:
            raise error_from_code(error.code, f"{path}: {error.message}") from error
    base_path = inspect_base_path(path, time.time())
    if base_path is None:
        raise NotFoundError(f"{path} holds no model: {_missing(path)}")
    return base_path


def _check_directory(path: str) -> None:
    if not os.path.exists(path):
        raise NotFoundError(f"there is no {path}")
    if not os.path.isdir(path):
        known = next((text for end, text in _OTHERS.items() if path.endswith(end)), "")
        hint = f"it looks like {known}" if known else "expected a version directory or a base path"
        raise InvalidArgumentError(f"{path} is a file: {hint}")


def _holds(directory: str, format: str) -> bool:
    return any(FORMATS[name] == format and os.path.isfile(os.path.join(directory, name)) for name in FORMATS)


def _missing(directory: str) -> str:
    names = sorted(os.listdir(directory))
    expected = f"it has none of {', '.join(FORMATS)}, and no version directories (names that are numbers)"
    if not names:
        return f"{expected}; it is empty, so it may still be written"
    return f"{expected}; {_hint(directory, names) or f'found {_named(names)}'}"


def _hint(directory: str, names: list[str]) -> str | None:
    for end, text in _OTHERS.items():
        for name in names:
            if name.endswith(end):
                return f"{name} looks like {text}"
    if "variables" in names:
        return "found variables: a SavedModel whose export is not finished"
    models = [name for name in names if _is_model(os.path.join(directory, name))]
    return f"there are models in {_named(models)}" if models else None


def _is_model(path: str) -> bool:
    return os.path.isdir(path) and (format_of(path) is not None or bool(list_versions(path)))


def _named(names: list[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
