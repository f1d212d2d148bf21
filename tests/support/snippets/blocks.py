"""The fenced blocks of a Markdown page, with what the comments before them say.

A comment `<!-- name: value -->` that stands on a line of its own right before a fence is a mark of that block. Readers
of the page do not see it. `MARKS` lists all; a name that is not in it belongs to somebody else and is passed over.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.models import ROOT

MARKS = {
    "not run": "why this block cannot be run or read",
    "file": "the block is written to this file, and not run",
    "setup": "shell commands that are run before the block",
    "python": "`clients`: run by the environment that has tensorflow-serving-api",
    "output": "the text is what the Python block before it prints",
    "numbers differ": "each number in the output stands for any",
}
RUN = ("python", "console", "sh")
"""Languages that are run, in the order of the page."""
READ = ("toml", "yaml", "json", "textproto")
"""Languages that are read by the reader of their format."""
SHOWN = ("text", "mermaid", "promql", "http", "dockerfile", "ini", "diff")
"""Languages that are only looked at."""

_FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2[ ]*$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^ *<!-- *([a-z ]+?) *(?:: *(.*?))? *-->$")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    """The page's path from the root of the repository."""
    line: int
    """Line of the first line of its text."""
    language: str
    text: str
    marks: Mapping[str, str]

    @property
    def place(self) -> str:
        """Page and line, as an error message has them."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """The pages whose blocks are run: the README, and all under docs."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def page_name(page: Path) -> str:
    """A page's path from the root of the repository; its name where it is elsewhere."""
    return str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else page.name


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, in its order."""
    return list(_blocks(page_name(page), page.read_text(encoding="utf-8")))


def _blocks(name: str, text: str) -> Iterator[Block]:
    for found in _FENCE.finditer(text):
        before = text[: found.start()]
        line = before.count("\n") + 2
        language = found[3].split()[0] if found[3].strip() else ""
        yield Block(name, line, language, textwrap.dedent(found[4]), _marks(before, f"{name}:{line}"))


def _marks(before: str, place: str) -> dict[str, str]:
    marks: dict[str, str] = {}
    for line in reversed(before.splitlines()):
        found = _MARK.match(line)
        if found is None:
            break
        name, value = found[1], found[2] or ""
        if name in MARKS:
            assert name not in marks, f"{place}: the mark {name!r} stands twice"
            marks[name] = value
    return marks
