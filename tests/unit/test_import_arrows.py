"""Arrows point inward: what each part may import, read from the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "python" / "salver"

MAY_IMPORT = {
    "core": {"core", "errors"},
    "sources": {"sources", "core", "errors"},
    "wire": {"wire", "nearest", "errors"},
    "config": {"config", "sources", "wire", "boundary", "nearest", "errors"},
    "batching": {"batching", "boundary", "dataplane", "errors"},
    "servables": {"servables", "core", "wire", "boundary", "dataplane", "errors"},
    "client": {"client", "wire", "address", "errors"},
    "predict": {"predict", "terminal", "client", "nearest", "errors"},
    "records": {"records", "servables", "core", "wire", "boundary", "nearest", "errors"},
    "admin": {"admin", "errors"},
    "terminal": {"terminal", "address", "errors"},
    "ctl": {"ctl", "terminal", "admin", "boundary", "profile", "address", "errors"},
    "tune": {"tune", "terminal", "ctl", "profile", "boundary", "dataplane", "errors"},
    "inspection": {"inspection", "terminal", "records", "servables", "sources", "core", "wire", "boundary", "errors"},
    "warmup": {
        *{"warmup", "terminal", "inspection", "records", "servables"},
        *{"ctl", "admin", "wire", "boundary", "errors"},
    },
    "profile": {"boundary"},
    "nearest": set(),
    "address": {"errors"},
    "bench": {"bench", "terminal", "ctl", "records", "wire", "boundary", "dataplane", "address", "errors"},
    "server": {
        *{"server", "config", "servables", "sources", "core", "wire", "records"},
        *{"admin", "boundary", "dataplane", "errors", "logs", "nearest", "profile", "tracing", "version"},
    },
}
"""Part to the parts of this package that it may name; parts that are not listed may import any."""

FRAMEWORKS = {"jax", "keras", "onnxruntime", "sklearn", "tensorflow", "torch", "xgboost", "lightgbm", "grpc"}
OF_PARTS = {"client": {"grpc"}}
"""Frameworks that a part imports after all, where it is asked to: never at module level."""
AT_START = {"google", "google_crc32c", "numpy"}
"""Third-party packages at hand in every installation."""
OF_TERMINALS = {"click", "rich"}
"""As well at hand, for those parts that talk to a person and that no server imports."""
TERMINAL_PARTS = {"bench", "ctl", "completion", "inspection", "predict", "terminal", "tune", "warmup"}


def imports(path: Path, *, also_lazy: bool = True) -> Iterator[str]:
    """Absolute names of the modules that a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if also_lazy else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(part: str) -> list[Path]:
    folder = PACKAGE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_part_imports_only_what_lies_further_in(part):
    for path in files(part):
        for name in imports(path):
            package, _, rest = name.partition(".")
            if package == "salver" and rest:
                assert rest.split(".")[0] in MAY_IMPORT[part], f"{path.name} imports {name}"


def test_one_module_imports_the_extension():
    importers = {path.name for path in PACKAGE.rglob("*.py") if "salver._native" in imports(path)}
    assert importers == {"dataplane.py"}


def test_only_the_router_of_control_calls_knows_the_admin_port():
    server = PACKAGE / "server"
    outside = [path for path in files("server") if not path.is_relative_to(server / "admin")]
    importers = {path.name for path in outside if any(name.startswith("salver.server.admin") for name in imports(path))}
    assert importers == {"control_calls.py"}


def test_no_module_imports_a_framework():
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0]
        found = {name.split(".")[0] for name in imports(path)} & FRAMEWORKS
        assert not found - OF_PARTS.get(part, set()), path.name


def test_third_party_packages_at_module_level_are_always_installed():
    for path in PACKAGE.rglob("*.py"):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        at_hand = AT_START | (OF_TERMINALS if part in TERMINAL_PARTS else set())
        for name in imports(path, also_lazy=False):
            package = name.split(".")[0]
            assert package in {"salver", *at_hand} or package in sys.stdlib_module_names, f"{path.name}: {name}"
