"""Whether a program said what a page shows.

Lines are compared without regard to how much white space stands between words. A line `...` stands for any lines, `...`
inside a line for any characters, and with `numbers_differ` each number for any number, together with its unit.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\d[\d,.]*")
_A_NUMBER = r"\d[\d,.]*"


def pattern(expected: str, *, numbers_differ: bool = False) -> re.Pattern[str]:
    """What text, made plain by `plain`, has to match."""
    parts = []
    for line in _lines(expected):
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(_line_pattern(line, numbers_differ=numbers_differ) + r"\n")
    return re.compile("".join(parts))


def plain(said: str) -> str:
    """Text with single spaces, without empty lines at its ends, each line ended."""
    return "".join(f"{line}\n" for line in _lines(said))


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def _line_pattern(line: str, *, numbers_differ: bool) -> str:
    return ".*".join(
        _A_NUMBER.join(map(re.escape, _NUMBER.split(part))) if numbers_differ else re.escape(part)
        for part in line.split("...")
    )
