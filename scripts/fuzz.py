"""Run the fuzz targets: all of them for a few seconds, or one for as long as you like.

    python -m scripts.fuzz                              every target, from its kept seeds
    python -m scripts.fuzz tensor --seconds=3600        one target; what it finds grows .cache/fuzz/tensor
    python -m scripts.fuzz tensor --keep-seeds          make fuzz/seeds/tensor anew from all that, as small as possible

`make fuzz` and `make test SUITES=fuzz` call it. Targets in Rust are built first; those in Python need the interpreter
of .venv-fuzz, which `make` sets up. See fuzz/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUZZ = ROOT / "fuzz"
FOUND = ROOT / ".cache" / "fuzz"
PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"

FINDING = "finding_"
"""How the names of seeds begin that once broke something."""
MAX_SEEDS = 100
SHORT_RUN_S = 3
LIMITS = ("-timeout=60", "-rss_limit_mb=1024", "-max_len=4096", "-print_final_stats=1")
_NUM_INPUTS = re.compile(r"^stat::number_of_executed_units: (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A fuzz target and the command that runs it."""

    name: str
    command: tuple[str, ...]

    @property
    def seeds(self) -> Path:
        """The folder of inputs that is kept with the sources."""
        return FUZZ / "seeds" / self.name

    @property
    def found(self) -> Path:
        """The folder of inputs that long runs found."""
        return FOUND / self.name

    def run(self, *options: str, quiet: bool) -> subprocess.CompletedProcess[str]:
        """Run it to its end; `quiet` keeps what it says for the caller."""
        FOUND.mkdir(parents=True, exist_ok=True)
        command = [*self.command, *LIMITS, f"-artifact_prefix={FOUND / self.name}-", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        output = subprocess.PIPE if quiet else None
        return subprocess.run(
            command, env=environment, stdout=output, stderr=output, text=True, errors="replace", check=False
        )


def sources() -> dict[str, Path]:
    """The source of every target by its name."""
    return {path.stem: path for path in sorted((FUZZ / "targets").iterdir()) if path.suffix in {".rs", ".py"}}


def ready_targets() -> dict[str, Target]:
    """Build what is to be built; gives every target by its name."""
    programs = dict(_build())
    commands = {
        name: (programs[name],) if path.suffix == ".rs" else (str(PYTHON), str(path))
        for name, path in sources().items()
    }
    return {name: Target(name, command) for name, command in commands.items()}


def _build() -> Iterator[tuple[str, str]]:
    """Build the targets in Rust; gives name and program of each."""
    # Called in that folder, cargo reads the coverage settings of fuzz/.cargo/config.toml.
    command = ["cargo", "build", "--quiet", "--release", "--locked", f"--target-dir={ROOT / 'target' / 'fuzz'}"]
    command += ["--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=FUZZ, stdout=subprocess.PIPE, text=True, check=True)
    for message in map(json.loads, built.stdout.splitlines()):
        if message.get("executable"):
            yield message["target"]["name"], message["executable"]


def short_run(target: Target) -> bool:
    """Run a few seconds from the kept seeds, throw away what is found, and say how it went."""
    with tempfile.TemporaryDirectory() as scratch:
        done = target.run(f"-max_total_time={SHORT_RUN_S}", scratch, str(target.seeds), quiet=True)
    tried = _NUM_INPUTS.search(done.stderr)
    num_inputs = int(tried[1]) if tried else 0
    is_good = done.returncode == 0 and num_inputs > 0
    said = "no finding" if is_good else f"FAILED, exit status {done.returncode}\n{done.stdout}{done.stderr[-8000:]}"
    print(f"{target.name}: {num_inputs} inputs, {said}", flush=True)
    return is_good


def short_runs() -> list[bool]:
    """A short run of every target, two at a time; gives which were good."""
    targets = ready_targets().values()
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(short_run, targets))


def long_run(target: Target, seconds: int) -> int:
    """Run in the foreground and keep what is found for the next time; gives the exit status."""
    target.found.mkdir(parents=True, exist_ok=True)
    return target.run(f"-max_total_time={seconds}", str(target.found), str(target.seeds), quiet=False).returncode


def keep_seeds(target: Target) -> int:
    """Choose the kept seeds anew, but for past findings: few inputs that reach most code; gives the exit status."""
    with tempfile.TemporaryDirectory() as scratch:
        merge = ("-set_cover_merge=1", "-use_counters=0")
        status = target.run(*merge, scratch, str(target.seeds), str(target.found), quiet=False).returncode
        # The fuzzer writes first what adds most.
        chosen = sorted(Path(scratch).iterdir(), key=lambda path: path.stat().st_mtime_ns)[:MAX_SEEDS]
        if status == 0:
            for seed in target.seeds.iterdir():
                if not seed.name.startswith(FINDING):
                    seed.unlink()
            for path in chosen:
                shutil.copy(path, target.seeds)
    return status


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Run the fuzz targets.")
    parser.add_argument("target", nargs="?", choices=sources(), help="one target; without it a short run of all")
    parser.add_argument("--seconds", type=int, default=60, help="how long that one runs")
    parser.add_argument("--keep-seeds", action="store_true", help="make its kept seeds anew from all that was found")
    arguments = parser.parse_args()
    if arguments.target is None:
        return 0 if all(short_runs()) else 1
    target = ready_targets()[arguments.target]
    return keep_seeds(target) if arguments.keep_seeds else long_run(target, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
