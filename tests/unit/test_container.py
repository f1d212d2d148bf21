"""The container's files, as far as they can be checked without building it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from salver.config.model_config_file import read_model_config_file
from salver.config.reader import read_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def arguments(instruction: str) -> list[str]:
    return [text for name, text in instructions() if name == instruction]


def test_stages_refer_to_stages_that_are_there():
    names = {words[2] for words in (text.split() for text in arguments("FROM")) if len(words) == 3}
    used = set(re.findall(r"from=(\w+)", (DEPLOY / "Dockerfile").read_text()))
    assert used == names == {"build"}


def test_bases_are_pinned_to_a_release_and_name_no_host():
    for base in (text.split()[0] for text in arguments("FROM")):
        assert re.fullmatch(r"[a-z]+:[0-9][a-z0-9.-]*", base), base


def test_copied_files_are_there():
    for text in arguments("COPY"):
        *sources, _ = [word for word in shlex.split(text) if not word.startswith("--")]
        assert all((ROOT / source).exists() for source in sources)


def test_image_has_the_known_ports_variables_and_entry_point():
    assert arguments("EXPOSE") == ["8500 8501"]
    assert {"MODEL_NAME=model", "MODEL_BASE_PATH=/models"} <= set(arguments("ENV")[0].split())
    assert arguments("ENTRYPOINT") == ['["/usr/bin/tf_serving_entrypoint.sh"]']
    assert "/usr/bin/tf_serving_entrypoint.sh" in arguments("COPY")[-1]


def test_server_does_not_run_as_root():
    names = [name for name, _ in instructions()]
    assert arguments("USER") == ["10001"]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


def test_health_check_asks_the_admin_port_that_the_server_has(monkeypatch):
    (check,) = arguments("HEALTHCHECK")
    code = json.loads(check.partition("CMD ")[2])[2]
    asked = []
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: asked.append(url))
    monkeypatch.delenv("SALVER_ADMIN_PORT", raising=False)
    exec(compile(code, "HEALTHCHECK", "exec"), {})
    monkeypatch.setenv("SALVER_ADMIN_PORT", "9000")
    exec(compile(code, "HEALTHCHECK", "exec"), {})
    assert asked == [f"http://127.0.0.1:{port}/readyz" for port in (read_settings([], {}).values["admin_port"], 9000)]
    assert read_settings([], {"SALVER_ADMIN_PORT": "9000"}).values["admin_port"] == 9000


def test_build_gets_the_files_that_it_uses_and_no_others():
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    used = set(re.findall(r"source=([\w./]+),target=/tmp", (DEPLOY / "Dockerfile").read_text()))
    for text in arguments("COPY"):
        *sources, _ = [word for word in shlex.split(text) if not word.startswith("--")]
        used |= set(sources)
    assert used == set(let_through)
    assert all((ROOT / name).exists() for name in let_through)


def test_layers_that_change_seldom_come_first():
    lines = [f"{name} {text}" for name, text in instructions()]
    order = ["requirements/dev.txt requirements", "COPY crates", "maturin build", "--requirement", "--no-deps /wheels"]
    places = [next(place for place, line in enumerate(lines) if part in line) for part in order]
    assert places == sorted(places)


@pytest.mark.parametrize("extras", ["", "tensorflow", "tensorflow,tflite"])
def test_requirements_are_those_of_the_project_for_any_processor(extras):
    lines = requirements(extras).stdout.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [
        line for each in filter(None, extras.split(",")) for line in project["optional-dependencies"][each]
    ]
    assert [re.match(r"[\w-]+", line)[0] for line in lines] == [re.match(r"[\w-]+", line)[0] for line in wanted]
    if extras:
        (pinned,) = re.findall(r"^tensorflow-cpu==(.*)$", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
        assert f"tensorflow=={pinned} ; platform_machine != 'x86_64'" in lines


def test_extra_that_is_not_there_ends_the_build():
    done = requirements("tensorflow,tflight")
    assert done.returncode != 0
    assert "no such extra: tflight; there are" in done.stderr


def requirements(extras):
    command = [
        sys.executable,
        DEPLOY / "requirements.py",
        ROOT / "pyproject.toml",
        ROOT / "requirements" / "dev.txt",
        extras,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["--model_name=model", "--model_base_path=/models/model"]),
        ({"MODEL_NAME": "a b", "MODEL_BASE_PATH": "/srv"}, ["--model_name=a b", "--model_base_path=/srv/a b"]),
    ],
)
def test_entry_point_becomes_the_server_with_the_arguments_last(tmp_path, environment, expected):
    program = tmp_path / "tensorflow_model_server"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        [DEPLOY / "entrypoint.sh", "--port=1", "two words"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["--port=8500", "--rest_api_port=8501", *expected, "--port=1", "two words"]


def test_models_of_the_example_are_there():
    for model in read_model_config_file(str(DEPLOY / "config" / "models.config")):
        assert (ROOT / "tests" / "data" / "models" / Path(model.base_path).name).is_dir()
    for folder in re.findall(r"- (\.[^:]*):/", (DEPLOY / "compose.yaml").read_text()):
        assert (DEPLOY / folder).is_dir()


def test_arguments_of_the_example_are_flags_of_the_server():
    given = re.findall(r"^ +- (--.*)$", (DEPLOY / "compose.yaml").read_text(), flags=re.MULTILINE)
    values = read_settings(given, {}).values
    folders = re.findall(r"- (\.[^:]*):(/[^:]*)", (DEPLOY / "compose.yaml").read_text())
    inside = {container: DEPLOY / folder for folder, container in folders}
    file = Path(str(values["model_config_file"]))
    assert (inside[str(file.parent)] / file.name).is_file()
    assert values["model_config_file_poll_wait_seconds"] == 5
