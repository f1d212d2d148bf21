"""What holds between the files of the repository itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts import docs, fuzz, lock, run_tests

ROOT = Path(__file__).parents[2]


def canonical(requirement: str) -> str:
    """The package that a requirement names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[._-]+", "-", found[0]).lower()


def test_every_direct_requirement_is_pinned():
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    direct = [*document["project"]["dependencies"], *lock.group_requirements(document["dependency-groups"], "develop")]
    direct += [line for extra in document["project"]["optional-dependencies"].values() for line in extra]
    # Those of other processors are not resolved here; the image gives them the version of their namesake.
    direct = [line for line in direct if "platform_machine != 'x86_64'" not in line]
    pinned = [line for line in (ROOT / "requirements" / "dev.txt").read_text().splitlines() if line[0] != "#"]
    assert all(re.fullmatch(r"[a-z0-9.-]+==[^=\s]+", line) for line in pinned)
    assert {canonical(line) for line in direct} <= {canonical(line) for line in pinned}


def test_links_in_the_documentation_resolve():
    assert [line for page in docs.pages() for line in docs.broken_links(page)] == []


def test_make_help_lists_the_targets_of_the_readme():
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^ +make ([a-z-]+)", listed, re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert named <= targets


def test_tests_of_the_console_have_their_browser_installed():
    command = ["make", "--dry-run", "--print-data-base", "test", "SUITES=e2e"]
    rules = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"^test: .*/chromium\b", rules, re.MULTILINE)


def test_sum_of_tests_reads_junit_files(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>')
    assert run_tests.read_report(report) == run_tests.Count(passed=3, failed=3, skipped=3)
    assert run_tests.read_report(tmp_path / "none") == run_tests.Count()


@pytest.mark.parametrize(("status", "failed"), [(0, 0), (1, 1)])
def test_suite_that_breaks_counts_as_a_failure(status, failed):
    assert run_tests.Count(passed=5).blamed(status).failed == failed


def test_every_fuzz_target_has_seeds_and_its_place_in_the_table():
    table = (ROOT / "fuzz" / "README.md").read_text()
    for name in fuzz.sources():
        assert any((ROOT / "fuzz" / "seeds" / name).iterdir())
        assert f"\n| `{name}` |" in table


def test_every_fuzz_target_in_rust_is_built():
    manifest = tomllib.loads((ROOT / "fuzz" / "Cargo.toml").read_text())
    programs = {program["name"]: program["path"] for program in manifest["bin"]}
    assert programs == {n: f"targets/{n}.rs" for n, path in fuzz.sources().items() if path.suffix == ".rs"}


@pytest.mark.parametrize("command", ["false", "true"])
def test_fuzz_target_that_breaks_or_tries_nothing_is_a_failure(command, capsys):
    assert not fuzz.short_run(fuzz.Target("tensor", (command,)))
    assert "tensor: 0 inputs, FAILED" in capsys.readouterr().out
