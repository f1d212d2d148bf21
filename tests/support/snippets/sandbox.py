"""The place where the blocks of one page run: a folder that stands for the reader's machine.

Pages speak of the default ports and of folders such as /srv/models. In what is run these are replaced by other ports
and by folders in the sandbox, and put back in what is shown, so the text of a page stays as a reader types it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.models import ROOT

FOLDERS = ("srv", "models", "etc/salver", "var/log/salver")
"""Folders of a reader's machine that pages speak of."""
EXAMPLE = ROOT / "examples" / "models" / "half_plus_two" / "00000001"
MODELS = {"half_plus_two": (1,), "ranker": (1, 2), "tagger": (1,)}
"""What is in /srv/models, each version a copy of half_plus_two; /models holds the first of each."""
_FOLDER = re.compile(rf"(?<![\w./-])/({'|'.join(FOLDERS)})(?![\w-])")
_PROGRAMS = {"salver": "-m salver", "tensorflow_model_server": "-m salver serve", "python": ""}


@dataclass(frozen=True)
class Ports:
    """The ports that stand for 8500, 8501 and 8502."""

    grpc: int
    rest: int
    admin: int

    def by_name(self) -> dict[str, int]:
        """The port for each that pages name."""
        return {"8500": self.grpc, "8501": self.rest, "8502": self.admin}


@dataclass
class Sandbox:
    """A folder with models, programs on the path, and ports."""

    folder: Path
    ports: Ports
    environment: dict[str, str] = field(init=False)
    """Of every program that is run."""

    def __post_init__(self) -> None:
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._add_models()
        self._add_programs()
        (self.folder / ".curlrc").write_text("silent\nshow-error\n")
        os.symlink(ROOT / "examples", self.folder / "examples")
        os.symlink(ROOT / "deploy", self.folder / "deploy")
        self.environment = {
            **os.environ,
            "HOME": str(self.folder),
            "CURL_HOME": str(self.folder),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT / 'python'}{os.pathsep}{self.folder}",
            "PYTHONUNBUFFERED": "1",
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }

    def _add_models(self) -> None:
        entries = []
        for name, versions in MODELS.items():
            for version in versions:
                shutil.copytree(EXAMPLE, self.folder / "srv" / "models" / name / str(version))
            shutil.copytree(EXAMPLE, self.folder / "models" / name / "1")
            entries.append(f'config {{ name: "{name}" base_path: "/srv/models/{name}" model_platform: "tensorflow" }}')
        text = "\n  ".join(["model_config_list {", *entries]) + "\n}\n"
        (self.folder / "srv" / "models.config").write_text(self.inside(text))

    def _add_programs(self) -> None:
        """Make the programs of the tree under test the first on the path."""
        (self.folder / "bin").mkdir()
        for name, arguments in _PROGRAMS.items():
            program = self.folder / "bin" / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def inside(self, text: str) -> str:
        """Text of a page with the sandbox's folders and ports."""
        text = text.replace(".venv/bin/", "")
        text = _FOLDER.sub(lambda found: str(self.folder / found[1]), text)
        for name, port in self.ports.by_name().items():
            text = re.sub(rf"(?<![\w.]){name}(?![\w.])", str(port), text)
        return text

    def outside(self, text: str) -> str:
        """What a program said, with the folders and ports that the page speaks of."""
        for name, port in self.ports.by_name().items():
            text = re.sub(rf"(?<!\d){port}(?!\d)", name, text)
        return text.replace(f"{self.folder}/", "/")

    def write(self, path: str, text: str) -> None:
        """Write a file of the page; a path that is not absolute lies in the folder that commands run in."""
        file = self.folder / self.inside(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.inside(text))
