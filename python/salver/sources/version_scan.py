"""One look at a base path: which versions should be loaded now, and what is wrong if none."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from salver.core.storage_path import StoragePath, join_path
from salver.errors import NotFoundError, PermissionDeniedError, SalverError, UnavailableError, UnimplementedError
from salver.sources.settling import SettlingWatch
from salver.sources.version_directory import group_by_version, list_versions
from salver.sources.version_policy import Latest, Specific, VersionPolicy, choose_versions


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSystemServable:
    """One servable stream whose versions lie in a base path."""

    name: str
    """Servable name; unique in a source."""
    base_path: StoragePath
    """Directory that holds the versions; need not exist yet."""
    policy: VersionPolicy = field(default_factory=Latest)
    """Which versions are aspired."""
    allows_files: bool = False
    """Whether a version may be a plain file, for loaders that take one."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something an operator should read once."""

    level: int
    """A level of `logging`."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """What one look found."""

    aspired: Mapping[int, StoragePath] | None
    """The versions to aspire with their paths; None: nothing can be said, so what was aspired stays so."""
    unsettled: tuple[int, ...] = ()
    """Versions the policy would take that are not known to be complete, highest first."""
    error: SalverError | None = None
    """Why there is nothing to aspire; speaks of no path, may be shown to clients."""
    notes: tuple[Note, ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Whether only the next look can tell if there is something to aspire."""
        return self.aspired is None and self.error is None


def scan_versions(servable: FileSystemServable, watch: SettlingWatch, now_s: float) -> Scan:
    """Look at a base path.

    Args:
        servable: What to look for and where.
        watch: Remembers the looks at this base path; changed by this one.
        now_s: Wall-clock time, seconds since the epoch.
    """
    try:
        entries = list_versions(servable.base_path, allows_files=servable.allows_files)
    except OSError as error:
        return _unreadable(servable, error)
    watch.keep_only({entry.child for entry in entries})
    return _Choice(servable, watch, now_s, group_by_version(entries)).scan()


def _unreadable(servable: FileSystemServable, error: OSError) -> Scan:
    text = f"Could not find base path {servable.base_path} for servable {servable.name} with error {error}"
    return Scan(aspired=None, error=_base_path_error(servable, error), notes=(Note(logging.ERROR, text),))


def _base_path_error(servable: FileSystemServable, error: OSError) -> SalverError:
    name = servable.name
    scheme, separator, _ = servable.base_path.partition("://")
    if separator:
        return UnimplementedError(f"The base path of servable {name} is a {scheme} URI; only local paths can be read")
    if isinstance(error, FileNotFoundError):
        return NotFoundError(f"The base path of servable {name} does not exist")
    if isinstance(error, NotADirectoryError):
        return NotFoundError(f"The base path of servable {name} is not a directory")
    if isinstance(error, PermissionError):
        return PermissionDeniedError(f"The base path of servable {name} may not be read")
    return UnavailableError(f"The base path of servable {name} cannot be read: {error.strerror}")


@dataclass(slots=True)
class _Choice:
    """Applies the policy to what a base path holds."""

    servable: FileSystemServable
    watch: SettlingWatch
    now_s: float
    children: Mapping[int, Sequence[str]]
    unsettled: list[int] = field(default_factory=list)

    def scan(self) -> Scan:
        chosen = choose_versions(self.servable.policy, self.children, self._is_ready)
        aspired = {version: join_path(self.servable.base_path, self._child(version)) for version in chosen}
        return Scan(
            aspired=aspired if aspired or not self.unsettled else None,
            unsettled=tuple(self.unsettled),
            error=None if aspired else self._error(),
            notes=tuple(self._notes(chosen)),
        )

    def _is_ready(self, version: int) -> bool:
        if self.watch.is_settled(self.servable.base_path, self._child(version), self.now_s):
            return True
        self.unsettled.append(version)
        return False

    def _child(self, version: int) -> str:
        """Return the entry for a version: of duplicates the one in use, else the lexicographically last."""
        children = self.children[version]
        return next((child for child in children if self.watch.is_known_settled(child)), children[-1])

    def _error(self) -> SalverError | None:
        name = self.servable.name
        for version in self.unsettled:
            if self.watch.is_unfinished(self._child(version)):
                return UnavailableError(f"Version {version} of servable {name} is empty or still being written")
        if self.unsettled:
            return None
        if self.children and isinstance(self.servable.policy, Specific):
            return NotFoundError(f"None of the requested versions of servable {name} is in its base path")
        return NotFoundError(f"No versions of servable {name} are in its base path")

    def _notes(self, chosen: Sequence[int]) -> list[Note]:
        texts = [self._duplicate_text(version) for version in chosen if len(self.children[version]) > 1]
        if isinstance(self.servable.policy, Specific):
            texts += self._specific_texts(self.servable.policy)
        if not self.children:
            texts.append(
                f"No versions of servable {self.servable.name} found under base path {self.servable.base_path}. "
                "Did you forget to name your leaf directory as a number (eg. '/1/')?"
            )
        return [Note(logging.WARNING, text) for text in texts]

    def _duplicate_text(self, version: int) -> str:
        used = self._child(version)
        ignored = ", ".join(child for child in self.children[version] if child != used)
        return (
            f"Duplicate version directories detected. Version {version} will be loaded from {used}, "
            f"{ignored} will be ignored."
        )

    def _specific_texts(self, policy: Specific) -> list[str]:
        name = self.servable.name
        if not policy.versions:
            return [f"No specific versions requested for servable {name}."]
        return [
            f"Version {version} of servable {name}, which was requested to be served as a 'specific' version in the "
            "servable's version policy, was not found in the file system"
            for version in policy.versions
            if version not in self.children
        ]
