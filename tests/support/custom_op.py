"""Building the custom operation of the tests, as an operator would build one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from salver.servables.tensorflow_library import find_tensorflow_libraries
from tests.support.models import ROOT

SOURCE = ROOT / "tests" / "data" / "custom_op" / "subtract.cc"
_CACHE = ROOT / ".cache" / "custom_op"
_FLAGS = ("-shared", "-fPIC", "-O1", "-std=c++17", "-w", "-DNDEBUG")
BUILD_LIMIT_S = 400.0
"""TensorFlow's headers take ten seconds of a free CPU."""


def compiler() -> str:
    """The C++ compiler; fails where there is none."""
    found = shutil.which("g++")
    assert found, "building a custom operation needs a C++ compiler: apt-get install g++"
    return found


def build_library() -> Path:
    """Build `subtract.cc` with the headers and libraries of TensorFlow's wheel, unless that was done before."""
    framework = Path(find_tensorflow_libraries()[0])
    key = hashlib.sha256(b"\0".join([SOURCE.read_bytes(), str(framework.stat()[6:]).encode(), repr(_FLAGS).encode()]))
    library = _CACHE / key.hexdigest()[:16] / "subtract.so"
    if not library.exists():
        folder = framework.parent
        library.parent.mkdir(parents=True, exist_ok=True)
        unfinished = library.with_suffix(f".{os.getpid()}")
        run_compiler(SOURCE, unfinished, f"-I{folder / 'include'}", f"-L{folder}", f"-l:{framework.name}")
        unfinished.replace(library)  # other test processes see all of it or nothing
    return library


def run_compiler(source: Path, output: Path, *flags: str) -> None:
    """Compile one file to a shared library; fails with what the compiler says."""
    command = [compiler(), *_FLAGS, str(source), "-o", str(output), *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stderr[-4000:]}"
