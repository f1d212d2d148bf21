"""Tables of the specification of TensorFlow Serving's protocols, and their rows as test cases.

A test module makes one `Table` for each table that it covers and hands its rows to tests: `@TABLE.each(case, ...)` for
rows that differ in values alone, `@TABLE.row(3, "what it says")` for a test of its own. Every row has a case or says
where else it is tested; `scripts/docs.py` writes the index of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(frozen=True)
class Case:
    """One case of one row."""

    row: int
    what: str
    """What the row says, in a few words."""
    differs: str = field(default="", kw_only=True)
    """Why Salver answers something else than TensorFlow Serving on purpose; empty where it answers the same."""


@dataclass(frozen=True, kw_only=True)
class Rpc(Case):
    """A gRPC call with the stubs of tensorflow-serving-api; messages are protobuf text."""

    method: str = "Predict"
    request: str = ""
    answer: str | None = None
    """The whole answer."""
    has: tuple[str, ...] = ()
    """Pieces of the answer's text."""
    code: str = "OK"
    says: tuple[str, ...] = ()
    """Pieces of the error's message, in letters of any case."""
    unsaid: tuple[str, ...] = ()
    """What the error's message does not hold."""
    timeout_s: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Rest(Case):
    """A request of a plain HTTP client."""

    method: str = "GET"
    path: str = ""
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    text: str | None = None
    """The body, byte for byte."""
    json: Any = None
    """The body as a document; None where it is not compared."""
    says: tuple[str, ...] = ()
    """Pieces of the error's message, in letters of any case."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, names in lower case."""


class Table:
    """One table: where it stands, how many rows it has, and the cases for them."""

    def __init__(
        self, file: str, section: str, title: str, rows: int, *, elsewhere: Mapping[int, str] | None = None
    ) -> None:
        self.file, self.section, self.title, self.rows = file, section, title, rows
        self.elsewhere: Mapping[int, str] = elsewhere or {}
        """Rows without a case here, by number: where they are tested, or why they cannot be."""
        self.cases: list[Case] = []

    @property
    def name(self) -> str:
        """What ids of cases begin with."""
        return f"{self.file}-{self.section}"

    def each(self, *cases: Case) -> pytest.MarkDecorator:
        """Run a test once for every one of these cases; the test takes it as `case`."""
        return pytest.mark.parametrize("case", cases, ids=[self._add(case) for case in cases])

    def row(self, number: int, what: str, *, differs: str = "") -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Make a test the case of one row; the test need not take anything."""
        case = Case(number, what, differs=differs)
        named = pytest.mark.parametrize("case", [case], ids=[self._add(case)], indirect=True)
        return lambda test: pytest.mark.usefixtures("case")(named(test))

    def _add(self, case: Case) -> str:
        assert 1 <= case.row <= self.rows, f"{self.name} has {self.rows} rows, not {case.row}"
        assert case.row not in self.elsewhere, f"{self.name} row {case.row} is said to be tested elsewhere"
        self.cases.append(case)
        count = sum(other.row == case.row for other in self.cases)
        return f"{self.name}-row-{case.row}" + (f"-{count}" if count > 1 else "")

    def missing(self) -> list[int]:
        """Rows that have neither a case nor a word about where else they are tested."""
        known = {case.row for case in self.cases} | set(self.elsewhere)
        return [row for row in range(1, self.rows + 1) if row not in known]


def tables(namespaces: Iterable[Mapping[str, Any]]) -> list[Table]:
    """All tables of these modules, in order."""
    return [value for names in namespaces for value in names.values() if isinstance(value, Table)]
