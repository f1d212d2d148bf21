"""The machine that a figure comes from."""

from __future__ import annotations

import os
import platform
from typing import Any


def machine() -> dict[str, Any]:
    """Return what tells figures of one machine from those of another, and how busy it is just now."""
    return {
        "processor": _first("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "num_cpus": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
    }


def _first(path: str, name: str) -> str | None:
    """The first value of this name in a file of names and values."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = (line.partition(":") for line in file)
            return next((value.strip() for key, _, value in lines if key.strip() == name), None)
    except OSError:
        return None


def _memory_bytes() -> int | None:
    found = _first("/proc/meminfo", "MemTotal")
    return int(found.split()[0]) * 1024 if found else None
