"""What counts as a version in a base path.

An entry of the base path is a version if its whole name is a decimal number from 0 to 2**63 - 1; leading zeros are
fine. All other names are passed over in silence: signed numbers, numbers too large, hidden and temporary names. So a
version can be published in one step by writing to `tmp-x` and renaming that to `123`.

A version is a directory, or a link to one. Where the loader takes single files, plain files may be allowed too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_MAX_VERSION = 2**63 - 1
_DECIMAL = re.compile(r"[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """One entry of a base path that is a version."""

    version: int
    child: str
    """Name of the entry, leading zeros included."""


def parse_version(name: str) -> int | None:
    """Return the version number that an entry's name says, None if it is not a version."""
    if not _DECIMAL.fullmatch(name):
        return None
    version = int(name) if len(name.lstrip("0")) <= len(str(_MAX_VERSION)) else _MAX_VERSION + 1
    return version if version <= _MAX_VERSION else None


def list_versions(base_path: str, *, allows_files: bool = False) -> list[VersionEntry]:
    """Return the versions in a base path, sorted by name.

    Raises:
        OSError: The base path is missing, not a directory, or cannot be read.
    """
    found = []
    with os.scandir(base_path) as entries:
        for entry in entries:
            version = parse_version(entry.name)
            if version is not None and _is_version(entry, allows_files=allows_files):
                found.append(VersionEntry(version, entry.name))
    return sorted(found, key=lambda entry: entry.child)


def group_by_version(entries: Iterable[VersionEntry]) -> dict[int, list[str]]:
    """Return the child names of each version number, in the given order; more than one means duplicates."""
    grouped: dict[int, list[str]] = {}
    for entry in entries:
        grouped.setdefault(entry.version, []).append(entry.child)
    return grouped


def _is_version(entry: os.DirEntry[str], *, allows_files: bool) -> bool:
    try:
        return entry.is_dir() or (allows_files and entry.is_file())
    except OSError:
        return True  # cannot be told; the loader says what is wrong with it
