"""Pin every Python package that a development environment installs: `make lock`.

Reads the direct requirements from pyproject.toml, lets pip resolve them for this interpreter without installing
anything, and writes `name==version` lines. The files name no index: where packages come from is the machine's setting.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
HEADER = "# Written by `make lock` from pyproject.toml; do not edit.\n"


def group_requirements(groups: Mapping[str, Any], name: str) -> Iterator[str]:
    """Direct requirements of a dependency group, included groups first where they stand."""
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group_requirements(groups, entry["include-group"])


def resolve(requirements: list[str], *options: str) -> list[str]:
    """Let pip choose the versions of `requirements` and, without `--no-deps`, of all that they need."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--only-binary=:all:", "--report=-", *options, *requirements]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    metadata = [item["metadata"] for item in report["install"]]
    return sorted(f"{entry['name'].lower().replace('_', '-')}=={entry['version']}" for entry in metadata)


def main() -> None:
    """Write the files in requirements/."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = document["project"], document["dependency-groups"]
    extras = [line for extra in project["optional-dependencies"].values() for line in extra]
    direct = [*project["dependencies"], *extras, *group_requirements(groups, "develop")]
    dev = resolve(direct)
    # What the others need in their turn is in the development environment, which theirs sit on.
    clients, fuzz = resolve(groups["clients"], "--no-deps"), resolve(groups["fuzz"], "--no-deps")
    for name, lines in (("dev", dev), ("clients", clients), ("fuzz", fuzz)):
        (ROOT / "requirements" / f"{name}.txt").write_text(HEADER + "".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
