"""What the server in a container needs beside itself, as lines for pip; used by the Dockerfile.

python requirements.py pyproject.toml pinned.txt tensorflow,tflite
"""

import re
import sys
import tomllib
from pathlib import Path

_SAME_VERSION = {"tensorflow": "tensorflow-cpu"}
"""Packages that only other processors get, and the one whose pinned version they have."""


def lines(document: dict, pinned: str, extras: list[str]) -> list[str]:
    """Return the requirements of the project and of some extras."""
    offered = document["project"]["optional-dependencies"]
    unknown = set(extras) - set(offered)
    if unknown:
        sys.exit(f"no such extra: {', '.join(sorted(unknown))}; there are {', '.join(sorted(offered))}")
    needed = document["project"]["dependencies"] + [line for extra in extras for line in offered[extra]]
    versions = dict(re.findall(r"^([\w.-]+)==(\S+)$", pinned, re.MULTILINE))
    return [_pinned(line, versions) for line in needed]


def _pinned(line: str, versions: dict[str, str]) -> str:
    name = re.match(r"[\w.-]+", line)[0]
    if name not in _SAME_VERSION:
        return line
    return re.sub(r"^[^;]*", f"{name}=={versions[_SAME_VERSION[name]]} ", line)


def main(project: str, pinned: str, extras: str) -> None:
    document = tomllib.loads(Path(project).read_text())
    print("\n".join(lines(document, Path(pinned).read_text(), [each for each in extras.split(",") if each])))


if __name__ == "__main__":
    main(*sys.argv[1:])
