"""The check of wheels notices what is missing and what does not belong there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scripts.wheel import MAX_WHEEL_BYTES, package_files, problems_of_contents, problems_of_name

ROOT = Path(__file__).parents[2]
METADATA = [
    f"salver-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
]
RIGHT = [*package_files(), "salver/_native.abi3.so", *METADATA]


def test_package_has_types_and_descriptors_and_nothing_built():
    files = package_files()
    assert {"salver/py.typed", "salver/_native.pyi", "salver/wire/descriptors.binpb", "salver/cli.py"} <= files
    assert [name for name in files if name.endswith((".so", ".pyc"))] == []


def test_package_is_what_is_under_version_control():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "python/salver"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    there = {name.removeprefix("python/") for name in listed if (ROOT / name).exists()}
    assert package_files() == there


def test_whole_wheel_has_no_problems():
    assert list(problems_of_contents(RIGHT, 1000)) == []


@pytest.mark.parametrize("name", ["salver/py.typed", "salver/wire/descriptors.binpb", "salver/cli.py"])
def test_missing_file_is_named(name):
    assert list(problems_of_contents([each for each in RIGHT if each != name], 1000)) == [f"missing: {name}"]


@pytest.mark.parametrize("name", ["tests/test_a.py", "salver/notes.txt"])
def test_file_that_does_not_belong_there_is_named(name):
    assert list(problems_of_contents([*RIGHT, name], 1000)) == [f"does not belong there: {name}"]


def test_missing_extension_licence_and_size_are_told():
    names = [name for name in RIGHT if "_native.abi3" not in name and "LICENSE" not in name]
    found = "\n".join(problems_of_contents(names, MAX_WHEEL_BYTES + 1))
    assert "expected one extension module, found []" in found
    assert "missing: licenses/LICENSE" in found
    assert "8,388,609 bytes" in found


@pytest.mark.parametrize(
    ("name", "is_right"),
    [
        ("salver-0.1.0-cp311-abi3-manylinux_2_28_x86_64.whl", True),
        ("salver-0.1.0-cp311-abi3-macosx_11_0_arm64.whl", True),
        ("salver-0.1.0-cp311-abi3-linux_x86_64.whl", False),
        ("salver-0.1.0-cp311-cp311-manylinux_2_28_x86_64.whl", False),
    ],
)
def test_name_says_where_the_wheel_runs(name, is_right):
    assert (list(problems_of_name(name)) == []) is is_right
