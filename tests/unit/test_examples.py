"""Every example runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_example(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / name), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
    )


def test_lookup_table_finds_a_word(tmp_path):
    table = tmp_path / "colours.csv"
    table.write_text("red,#f00\ngreen,#0f0\n")
    assert run_example("lookup_table.py", str(table), "green").stdout == "#0f0\n"
    assert run_example("lookup_table.py", str(table), "mauve").stdout == "unknown\n"


def test_lookup_table_says_why_there_is_no_table(tmp_path):
    result = run_example("lookup_table.py", str(tmp_path / "absent.csv"), "red")
    assert result.returncode == 1
    assert "no table: NOT_FOUND" in result.stderr


def test_lookup_table_stays_a_short_example():
    assert len((ROOT / "examples" / "lookup_table.py").read_text().splitlines()) < 40
