"""Python servables: what their file says unread by Python, and, where that is wanted, what they say themselves."""

from __future__ import annotations

import ast
import os

from salver.core.ids import ServableId
from salver.errors import InvalidArgumentError, as_salver_error, error_from_code
from salver.inspection.report import GraphReport
from salver.inspection.signatures import reports_of
from salver.servables.python_loader import FILE_NAME as _FILE_NAME
from salver.servables.python_loader import PythonLoader

FILE_NAME = _FILE_NAME
_LOAD = "load"


def notes_on(directory: str) -> tuple[str, ...]:
    """Return what the source says: what it imports, and whether it has what a server calls.

    Raises:
        InvalidArgumentError: It is no Python.
    """
    try:
        with open(os.path.join(directory, FILE_NAME), "rb") as file:
            tree = ast.parse(file.read())
    except (SyntaxError, ValueError) as error:
        raise InvalidArgumentError(f"{FILE_NAME} is no Python: {error}") from None
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom | ast.Import)
        for alias in node.names
    }
    notes = [f"imports {', '.join(sorted(_packages(tree)))}"] if _packages(tree) else []
    if _LOAD not in names | assigned | imported:
        notes.append(f"{FILE_NAME} defines no function {_LOAD}(directory): it cannot be served")
    return tuple(notes)


def loaded_graph(directory: str) -> GraphReport:
    """Run the file and return what the servable says of its signatures.

    Raises:
        SalverError: It cannot be loaded.
    """
    loader = PythonLoader(ServableId("inspected", 1), directory)
    try:
        loader.load()
        servable = loader.servable
        assert servable is not None
        found = {name: spec.as_signature(name) for name, spec in servable.signatures.items()}
        return GraphReport(signatures=reports_of(found))
    except Exception as error:
        cause = as_salver_error(error)
        raise error_from_code(cause.code, f"{FILE_NAME} cannot be loaded: {cause.message}") from error
    finally:
        loader.unload()


def _packages(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - {"__future__"}
