"""The index of the conformance suite, made from its test modules: docs/conformance.md."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.support.spec_tables import Case, Table, tables

ROOT = Path(__file__).parent.parent
SUITE = ROOT / "tests" / "conformance" / "spec"
FILES = {"inference": "Inference and models", "rest": "REST", "wire": "Messages and services", "server": "The server",
         "metrics": "Metrics"}  # fmt: skip
_HEAD = """# Conformance

The facts of TensorFlow Serving's protocols are kept as tables, and `tests/conformance/spec` checks a running server
against them row by row: gRPC with the stubs of tensorflow-serving-api, REST with a plain HTTP client. The id of a case
names file, section and row: `inference-3-row-4-2` is the second case of row 4 of section 3. Field numbers of messages
are compared whole, as descriptors, in `tests/unit/wire`. Batching, custom operations, TFLite, TLS and request logging
have tests of their own beside these, in `tests/e2e`.

This page is written by `make docs` from the test modules.
"""


def conformance_page() -> str:
    """The whole page."""
    found = suite()
    cases = sum(len(table.cases) for table in found)
    total = f"{len(found)} tables, {sum(table.rows for table in found)} rows, {cases} cases.\n"
    return "\n".join([_HEAD, total, *_counts(found), *_differences(found), *_elsewhere(found)])


def suite() -> list[Table]:
    """Every table of the suite, in the order of files, sections as their modules have them."""
    names = sorted(path.stem for path in SUITE.glob("test_*.py"))
    modules = [importlib.import_module(f"tests.conformance.spec.{name}") for name in names]
    found = tables(vars(module) for module in modules)
    return sorted(found, key=lambda table: (list(FILES).index(table.file), _section(table)))


def _section(table: Table) -> tuple[list[int], str]:
    number, _, name = table.section.partition("-")
    return [int(part) for part in number.split(".")], name


def _counts(found: list[Table]) -> list[str]:
    lines = []
    for file, title in FILES.items():
        lines += [f"## {title}", "", "| Table | | Rows | Cases | Elsewhere |", "| --- | --- | --- | --- | --- |"]
        for table in (one for one in found if one.file == file):
            lines.append(
                f"| {table.name} | {table.title} | {table.rows} | {len(table.cases)} | {len(table.elsewhere)} |"
            )
        lines.append("")
    return lines


def _differences(found: list[Table]) -> list[str]:
    lines = ["## Differences on purpose", "", "| Row | Salver | Why |", "| --- | --- | --- |"]
    for table in found:
        lines += [
            f"| {table.name}-row-{one.row} | {_cell(one.what)} | {_cell(one.differs)} |" for one in _differing(table)
        ]
    return [*lines, ""]


def _differing(table: Table) -> list[Case]:
    """One case for each row and reason."""
    seen = {(case.row, case.differs): case for case in reversed(table.cases) if case.differs}
    return sorted(seen.values(), key=lambda case: case.row)


def _elsewhere(found: list[Table]) -> list[str]:
    lines = [
        "## Rows without a case of their own",
        "",
        "| Row | Where it is tested, or why it is not |",
        "| --- | --- |",
    ]
    for table in found:
        lines += [f"| {table.name}-row-{row} | {_cell(where)} |" for row, where in sorted(table.elsewhere.items())]
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
