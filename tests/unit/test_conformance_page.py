"""The index of the conformance suite is that of the suite, and the suite leaves out no row."""

from __future__ import annotations

from pathlib import Path

from scripts.conformance_page import conformance_page, suite

ROOT = Path(__file__).parents[2]


def test_every_row_has_a_case_or_says_where_else_it_is_tested():
    assert {table.name: table.missing() for table in suite() if table.missing()} == {}


def test_names_of_tables_are_unique():
    names = [table.name for table in suite()]
    assert sorted(set(names)) == sorted(names)


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "conformance.md").read_text() == conformance_page(), "run `make docs`"
