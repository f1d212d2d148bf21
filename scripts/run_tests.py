"""Run the suites of tests one after the other and sum up what passed and failed: `make test`.

The last line is `N passed, N failed` over Rust and Python. A suite that breaks before it can count (it does not
compile, it is killed) counts as one failure. The others run all the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from scripts import fuzz

ROOT = Path(__file__).parent.parent
WITH_SERVER = "tests/conformance/spec"
"""Conformance tests that need a running server and TensorFlow Serving's client."""
_CARGO_RESULT = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored")


@dataclass(frozen=True)
class Count:
    """Numbers of tests by outcome."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def blamed(self, status: int) -> Count:
        """The same, but with at least one failure when the program's exit status says so."""
        return self if status == 0 or self.failed else self + Count(failed=1)


def run_rust() -> Count:
    """All Rust tests but those of the binding crate, which is tested from Python, where its users are.

    Those of the scheduler's wake-ups take a build with a model of threads and time.
    """
    modelled = run_cargo("--package=salver-core", "--features=shuttle", "--test=wakeups")
    return run_cargo("--workspace", "--exclude=salver-py") + modelled


def run_cargo(*arguments: str) -> Count:
    """One run of Rust tests."""
    command = ["cargo", "test", "--quiet", "--locked", "--no-fail-fast", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    count = Count()
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if found := _CARGO_RESULT.match(line):
            count += Count(*map(int, found.groups()))
    return count.blamed(process.wait())


def run_pytest(*arguments: str) -> Count:
    """One pytest run."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "--quiet", "-rs", f"--junitxml={report}", *arguments]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        return read_report(report).blamed(status)


def read_report(report: Path) -> Count:
    """The numbers of a JUnit file; none if there is no file."""
    if not report.exists():
        return Count()
    count = Count()
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314  # written by our own pytest just now
        total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        count += Count(total - skipped - failed, failed, skipped)
    return count


def run_python() -> Count:
    """Everything that needs no server process, two at a time."""
    return run_pytest("-n2", "tests/unit", "tests/boundary", "tests/conformance", f"--ignore={WITH_SERVER}")


def run_e2e() -> Count:
    """Real servers and real clients, three files at a time as they wait a lot: the tests of a file share a server."""
    return run_pytest("-n3", "--dist=loadfile", "tests/e2e", "tests/docs", WITH_SERVER)


def run_fuzz() -> Count:
    """A short run of every fuzz target; each counts as one test."""
    try:
        outcomes = fuzz.short_runs()
    except subprocess.CalledProcessError:  # cargo has said what does not compile
        return Count(failed=1)
    return Count(passed=outcomes.count(True), failed=outcomes.count(False))


SUITES = {"rust": run_rust, "python": run_python, "e2e": run_e2e, "fuzz": run_fuzz}


def main(names: list[str]) -> int:
    """Run the named suites, or all."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"unknown suites {', '.join(unknown)}; known: {', '.join(SUITES)}")
    total = Count()
    for name in names or SUITES:
        print(f"--- {name}", flush=True)
        total += SUITES[name]()
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
