"""The Python of the README and of the guides does what a reader expects of it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_python_in_the_readme_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "/v1/models/double:predict" in said
    assert "[2., 4.]" in said


def test_python_in_the_guide_to_batchers_runs(capsys):
    page = ROOT / "docs" / "guides" / "batcher.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page.name, "exec"), namespace)
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["9", "16"]
    assert re.fullmatch(r"Hello, user 199 after \d+ queries", said[2])
    assert said[3] == "[(8,), (8,), (8,)]"
    assert said[4] == "[1. 1. 1.]"
    assert said[5].startswith("{'idle_runner': 1} Quantiles(")
    assert len(said) == 6
