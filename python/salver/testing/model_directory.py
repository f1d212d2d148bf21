"""A base path for tests, with versions that appear, change and vanish."""

from __future__ import annotations

import os
import shutil


class ModelDirectory:
    """One base path on the local disk."""

    def __init__(self, base_path: str | os.PathLike[str]) -> None:
        """Make the directory, unless it is there."""
        self.path = os.fspath(base_path)
        os.makedirs(self.path, exist_ok=True)

    def add(self, child: str | int, content: str = "model") -> str:
        """Write a version with one file `model.bin`; return its path."""
        os.makedirs(os.path.join(self.path, str(child)), exist_ok=True)
        return self.write(child, "model.bin", content)

    def write(self, child: str | int, name: str, content: str) -> str:
        """Write or replace a file of a version; return the version's path."""
        version_path = os.path.join(self.path, str(child))
        file_path = os.path.join(version_path, name)
        os.makedirs(os.path.dirname(file_path), exist_ok=True)
        with open(file_path, "w", encoding="utf-8") as file:
            file.write(content)
        return version_path

    def rename(self, old: str | int, new: str | int) -> None:
        """Rename a version, in one step."""
        os.rename(os.path.join(self.path, str(old)), os.path.join(self.path, str(new)))

    def remove(self, child: str | int) -> None:
        """Delete a version."""
        shutil.rmtree(os.path.join(self.path, str(child)))

    def remove_all(self) -> None:
        """Delete the base path itself."""
        shutil.rmtree(self.path)
