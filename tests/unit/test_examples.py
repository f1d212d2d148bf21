"""Every example runs as it stands."""

from __future__ import annotations

import os
import re
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


def test_lookups_of_many_requests_share_queries():
    first, counts = run_example("batched_lookups.py", "150").stdout.splitlines()
    assert first == "200 Hello, user 0; 404"
    num_queries = int(re.fullmatch(r"150 requests, (\d+) queries", counts)[1])
    assert 2 <= num_queries < 150


def test_texts_are_embedded_as_they_are_alone():
    texts = ["hello", "world", "long " * 50]
    lines = run_example("embed_by_length.py", *texts).stdout.splitlines()
    assert [line[:20].rstrip() for line in lines[:3]] == ["hello", "world", "long long long long"]
    assert all(line[20:24].strip() == "0.0" for line in lines[:3])
    assert lines[3] == "6 texts"


def test_lookup_table_stays_a_short_example():
    assert len((ROOT / "examples" / "lookup_table.py").read_text().splitlines()) < 40
