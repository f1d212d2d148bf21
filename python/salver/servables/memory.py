"""What the process occupies, and giving freed memory back to the operating system."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int | None:
    """Return the resident memory of this process, or None where the system does not tell."""
    try:
        num_pages = int(_STATM.read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return num_pages * os.sysconf("SC_PAGE_SIZE")


def return_freed_memory() -> None:
    """Let the C library give free heap pages back; does nothing where it cannot (other than glibc)."""
    import ctypes  # not on the start path

    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return
    trim(0)
