"""What is written down on both sides of the boundary is the same on both."""

from __future__ import annotations

from salver import _native
from salver.errors import Code


def test_status_codes() -> None:
    assert _native.code_names() == {code.value: code.name for code in Code}


def test_element_types_have_unique_names() -> None:
    names = _native.dtype_names()

    assert len(set(names.values())) == len(names)
    assert {1: "float", 7: "string", 9: "int64"}.items() <= names.items()
