"""Render the Helm chart into the files that the tests read: `make chart`, wherever helm is installed.

The tests need no helm: they check the rendered files against the schemas of Kubernetes, and that they were rendered
from the chart as it is, by the digest in their first line.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy" / "helm" / "salver"
GOLDEN = ROOT / "tests" / "data" / "helm"
KUBE_VERSION = "1.33.0"
CASES: dict[str, Path | None] = {"default": None, "full": GOLDEN / "full.values.yaml"}
"""Names of the rendered files, and the values beside those of the chart."""


def digest(values: Path | None) -> str:
    """A digest of everything that a rendered file depends on."""
    files = sorted(path for path in CHART.rglob("*") if path.is_file())
    found = hashlib.sha256()
    for path in [*files, *([values] if values else [])]:
        text = path.read_bytes()
        found.update(f"{path.relative_to(ROOT)} {len(text)}\n".encode() + text)
    return found.hexdigest()


def first_line(values: Path | None) -> str:
    """The first line of a rendered file."""
    return f"# Written by `make chart` from the chart with digest {digest(values)}; do not edit.\n"


def render(values: Path | None) -> str:
    """What helm makes of the chart."""
    command = ["helm", "template", "salver", str(CHART), "--namespace=models", f"--kube-version={KUBE_VERSION}"]
    command += [f"--values={values}"] if values else []
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    """Check the chart and write the files."""
    subprocess.run(["helm", "lint", "--strict", "--quiet", f"--kube-version={KUBE_VERSION}", str(CHART)], check=True)
    for name, values in CASES.items():
        (GOLDEN / f"{name}.yaml").write_text(first_line(values) + render(values), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
