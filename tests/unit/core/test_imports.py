"""The core is the innermost part: it knows no transport, format or framework, not even numpy."""

import ast
import os
import pathlib
import subprocess
import sys

import pytest

import salver.core

FOLDER = pathlib.Path(salver.core.__file__).parent

ALLOWED_OF_SALVER = ("salver.core", "salver.errors")
ALLOWED_OF_THE_STANDARD_LIBRARY = {
    "__future__", "abc", "collections", "concurrent", "contextlib", "dataclasses", "enum", "functools", "itertools",
    "logging", "os", "queue", "sys", "threading", "time", "types", "typing",
}  # fmt: skip


def imported_modules(path: pathlib.Path) -> list[str]:
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            modules.append(node.module or "")
    return modules


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_core_imports_nothing_of_transports_formats_or_frameworks(path):
    for module in imported_modules(path):
        if module.split(".")[0] == "salver":
            assert module.startswith(ALLOWED_OF_SALVER), f"{path.name} imports {module}"
        else:
            assert module.split(".")[0] in ALLOWED_OF_THE_STANDARD_LIBRARY, f"{path.name} imports {module}"


def test_importing_the_core_loads_no_other_package():
    program = "import sys, salver.core; print(*{name.partition('.')[0] for name in sys.modules})"
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parents[1])}  # -S leaves the installed package out
    result = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert "numpy" not in result.stdout.split()
    assert not set(result.stdout.split()) - set(sys.stdlib_module_names) - {"salver", "__main__"}


def test_public_names_exist():
    for name in salver.core.__all__:
        assert getattr(salver.core, name) is not None
