"""The release workflow calls what is there, and publishes only what was tested."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
SCRIPTS = [(name, step["run"]) for name, step in STEPS if "run" in step]
KINDS = [each["name"] for each in JOBS["wheel"]["strategy"]["matrix"]["include"]]


def scripts(job: str) -> list[str]:
    return [text for name, text in SCRIPTS if name == job]


def test_runs_for_tags_and_by_hand():
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}  # YAML reads `on` as true


def test_wheels_of_all_systems_are_built():
    assert KINDS == ["linux-x86_64", "linux-aarch64", "macos-arm64"]


def test_every_matrix_entry_has_all_that_the_steps_use():
    used = set(re.findall(r"matrix\.(\w+)", (ROOT / ".github" / "workflows" / "release.yml").read_text()))
    for entry in JOBS["wheel"]["strategy"]["matrix"]["include"]:
        assert set(entry) == used
        assert entry["container"] == "" or entry["container"].endswith(entry["tag"])


@pytest.mark.parametrize(("job", "script"), SCRIPTS)
def test_script_is_one_that_a_shell_reads(job, script):
    plain = re.sub(r"\$\{\{.*?\}\}", "value", script)
    done = subprocess.run(["bash", "-n"], input=plain, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_make_targets_and_scripts_are_there():
    makefile = (ROOT / "Makefile").read_text()
    for _, script in SCRIPTS:
        for target in re.findall(r"\bmake ([a-z-]+)", script):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for path in re.findall(r"\bscripts/\w+\.py", script):
            assert (ROOT / path).is_file()


def test_each_wheel_is_tested_before_it_is_handed_on():
    steps = JOBS["wheel"]["steps"]
    names = [step.get("run", step.get("uses", "")).split("@")[0] for step in steps]
    assert names.index("make wheel") < names.index("make wheel-test") < names.index("actions/upload-artifact")


def test_source_distribution_is_built_from_and_tested():
    assert scripts("sdist")[0] == "make sdist"
    assert "pip wheel" in scripts("sdist")[1]
    assert "scripts/wheel.py built" in scripts("sdist")[2]


def test_publishes_for_tags_only_what_all_jobs_made_and_keeps_no_secret():
    publish = JOBS["publish"]
    assert set(publish["needs"]) == set(JOBS) - {"publish"}
    assert publish["if"] == "startsWith(github.ref, 'refs/tags/v')"
    assert publish["permissions"] == {"contents": "read", "id-token": "write"}
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "secrets." not in (ROOT / ".github" / "workflows" / "release.yml").read_text()
    assert f"-eq {len(KINDS) + 1}" in scripts("publish")[-1]


def test_toolchain_is_the_one_that_the_workspace_asks_for():
    wanted = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["rust-version"]
    used = {step["with"]["toolchain"] for _, step in STEPS if "rust-toolchain" in step.get("uses", "")}
    assert used == {f"{wanted}.0"}


def test_version_that_is_compared_with_the_tag_is_the_workspaces():
    said = subprocess.run(["make", "-s", "version"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert scripts("publish")[0] == 'test "v$(make version)" = "$GITHUB_REF_NAME"'


def test_actions_are_pinned_to_a_commit_that_no_tag_can_move():
    for _, step in STEPS:
        if "uses" in step:
            assert re.search(r"@[0-9a-f]{40}$", step["uses"]), step["uses"]


def test_jobs_end():
    assert all(job["timeout-minutes"] <= 60 for job in JOBS.values())
