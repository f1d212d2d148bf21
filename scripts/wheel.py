"""Check a wheel as its users meet it: `make wheel-test`, here and in the release workflow.

Its contents are compared with the source tree. Then it is installed into an environment of its own, with nothing but
what it asks for, and from there, outside the repository, a server is started, asked and stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "python" / "salver"
LIMIT_S = 60.0
MAX_WHEEL_BYTES = 8 << 20
_LEFT_OUT = {"__pycache__"}
_GENERATED = re.compile(r"_native(\.abi3)?\.(so|pyd)$|\.pyc$")
_LIBRARY = "SALVER_TENSORFLOW_LIB"
_IMPORTS = """
import sys
import salver, salver.batching, salver.testing.fake_dataplane, salver.dataplane
for module in {modules}:
    __import__(module)
heavy = {{"tensorflow", "google.protobuf.pyext"}} & set(sys.modules)
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""


def package_files() -> set[str]:
    """What belongs into a wheel: everything under python/salver that is not built, each file's path from python/."""
    files = (path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*") if path.is_file())
    return {path.as_posix() for path in files if not _LEFT_OUT & set(path.parts) and not _GENERATED.search(path.name)}


def problems_of_contents(names: Iterable[str], num_bytes: int) -> Iterator[str]:
    """What is wrong with the files of a wheel, one line each."""
    there = {name for name in names if ".dist-info/" not in name and not name.endswith("/")}
    built = {name for name in there if re.fullmatch(r"salver/_native(\.abi3)?\.so", name)}
    if len(built) != 1:
        yield f"expected one extension module, found {sorted(built)}"
    yield from (f"missing: {name}" for name in sorted(package_files() - there))
    yield from (f"does not belong there: {name}" for name in sorted(there - built - package_files()))
    metadata = {name.split("/", 1)[1] for name in names if ".dist-info/" in name}
    needed = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    yield from (f"missing: {name}" for name in sorted(needed - metadata))
    if num_bytes > MAX_WHEEL_BYTES:
        yield f"{num_bytes:,} bytes, expected at most {MAX_WHEEL_BYTES:,}"


def problems_of_name(name: str) -> Iterator[str]:
    """What is wrong with the file's name: it says for which interpreters and systems the wheel is."""
    found = re.fullmatch(r"salver-[0-9][^-]*-cp311-abi3-(?P<platform>[^-]+)\.whl", name)
    if found is None:
        yield f"{name}: expected one wheel for all interpreters from 3.11 on (cp311-abi3)"
    elif not re.match(r"manylinux_2_\d+_|macosx_\d+_\d+_", found["platform"]):
        yield f"{name}: {found['platform']} says not on which systems it runs"


class Installed:
    """A wheel in an environment of its own."""

    def __init__(self, wheel: Path, folder: Path, extras: str = "") -> None:
        self._folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
        self.python = str(folder / "env" / "bin" / "python")
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"{wheel}{extras}"], check=True, cwd=folder)

    def check_imports(self) -> None:
        """Import what users import, and see that nothing heavy comes along."""
        client = ["salver.client"] if (PACKAGE / "client").is_dir() else []
        subprocess.run([self.python, "-I", "-c", _IMPORTS.format(modules=client)], check=True, cwd=self._folder)

    def predictions(self, models: Path, model: str, platform: str, instances: list[Any]) -> Any:
        """Serve a model as an operator would and return what it predicts."""
        config = self._folder / "models.config"
        config.write_text(
            f'model_config_list {{ config {{ name: "{model}" base_path: "{models / model}" '
            f'model_platform: "{platform}" }} }}'
        )
        port = free_port()
        flags = ["--port=0", f"--rest_api_port={port}", "--admin_port=0", f"--model_config_file={config}"]
        salver = self._folder / "env" / "bin" / "salver"
        server = subprocess.Popen([salver, "serve", *flags], cwd=self._folder, env=self._environment())
        try:
            self._wait_ready(server, port)
            status, answer = ask(port, "POST", f"/v1/models/{model}:predict", json.dumps({"instances": instances}))
            if status != 200:
                sys.exit(f"{model}: {status} {answer}")
            return json.loads(answer)["predictions"]
        finally:
            server.send_signal(signal.SIGTERM)
            if server.wait(LIMIT_S) != 0:
                sys.exit(f"the server ended with {server.returncode}")

    def _environment(self) -> dict[str, str]:
        """The variables of the server: where TensorFlow is at hand, it is found as an installed package is."""
        libraries = self._folder / "libraries"
        libraries.mkdir(exist_ok=True)
        library, link = os.environ.get(_LIBRARY, ""), libraries / "tensorflow"
        if os.path.isdir(library) and not link.exists():
            link.symlink_to(library, target_is_directory=True)
        return {**os.environ, "PYTHONPATH": str(libraries)}

    def _wait_ready(self, server: subprocess.Popen[bytes], port: int) -> None:
        limit = time.monotonic() + LIMIT_S
        while ask(port, "GET", "/readyz")[0] != 200:
            if server.poll() is not None or time.monotonic() > limit:
                sys.exit("the server does not get ready")
            time.sleep(0.05)


def ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    """Status and body of one request; status 0 while nothing answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, HTTPException):
        return 0, ""
    finally:
        connection.close()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def check_served(installed: Installed, folder: Path) -> None:
    """Serve a model that needs nothing, and a SavedModel where TensorFlow's library is at hand."""
    version = folder / "models" / "colours" / "1"
    version.mkdir(parents=True)
    (version / "table.json").write_text('{"red": "#f00"}')
    found = installed.predictions(folder / "models", "colours", "lookup_table", ["red", "mauve"])
    if found != [{"values": "#f00", "found": True}, {"values": "", "found": False}]:
        sys.exit(f"colours: {found}")
    if os.path.isdir(os.environ.get(_LIBRARY, "")):
        answers = installed.predictions(ROOT / "examples" / "models", "half_plus_two", "tensorflow", [1.0, 2.0, 5.0])
        if answers != [2.5, 3.0, 4.5]:
            sys.exit(f"half_plus_two: {answers}")


def main() -> None:
    """Check the one wheel in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds one wheel")
    parser.add_argument("--any-system", action="store_true", help="it need not run on other machines than this")
    options = parser.parse_args()
    wheels = sorted(options.folder.glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"expected one wheel, found {[wheel.name for wheel in wheels]}")
    (wheel,) = wheels
    num_bytes = wheel.stat().st_size
    with zipfile.ZipFile(wheel) as archive:
        problems = list(problems_of_contents(archive.namelist(), num_bytes))
    if not options.any_system:
        problems += problems_of_name(wheel.name)
    if problems:
        sys.exit("\n".join(problems))
    with tempfile.TemporaryDirectory() as folder:
        has_client = (PACKAGE / "client").is_dir()
        installed = Installed(wheel.resolve(), Path(folder), "[client]" if has_client else "")
        installed.check_imports()
        check_served(installed, Path(folder))
    print(f"{wheel.name}: {num_bytes / 1e6:.1f} MB, serves and predicts")


if __name__ == "__main__":
    main()
