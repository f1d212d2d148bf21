"""Tells whether a version has been written completely.

Nothing in a file system says that a writer is done, so the rule looks for quiet. A version is *settled* when it holds
at least one file and either

    - **it is old**: every time stamp in its tree is at least `old_after_s` back. One look suffices, so a server that
      starts over existing models does not wait, and neither does a directory that is renamed into place with old
      content; or
    - **it is still**: two looks, at least `quiet_s` apart, with none in between that differed, found the same tree: the
      same names, and for each file the same size and modification time.

The time stamps are modification times of directories and files, and for what lies inside the version also the times of
the last inode change: tools that restore old modification times (`cp -p`, `rsync -a`, `tar x`) change the inode when
they do, and a rename of the version directory changes only the directory's own inode. Time stamps of directories do not
count in the second way, because some network file systems invent them at each look. Links to files are followed, links
to directories inside the version are not.

Once settled, a version stays so as long as its entry exists, whatever happens to its content: it may be loaded by now,
and its files are the loader's business.

Limits:
    - A writer that pauses for longer than `quiet_s` between two files, or while it holds back what it has buffered, is
      taken to be done. Publish by rename where that happens.
    - A file server whose clock is more than `old_after_s` behind makes every version look old. One that is ahead only
      makes the first way unavailable.
    - Directories restored with old times and then *moved* into place file by file look old where the file system does
      not keep inode change times.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class SettlingOptions:
    """How long a version must have been quiet before it is aspired."""

    quiet_s: float = 0.8
    """Least time between two equal looks. A little under the usual poll interval of 1 s, so that a late or early poll
    does not cost another one."""
    old_after_s: float = 5.0
    """Age from which one look suffices; larger than the clock difference to a file server may be."""


@dataclass(frozen=True, slots=True)
class TreeLook:
    """What one look at a version found."""

    files: frozenset[tuple[str, int, int]] = frozenset()
    """Relative name, size in bytes and modification time in ns of each file; -1 for what could not be examined."""
    directories: frozenset[str] = frozenset()
    newest_s: float = 0.0
    """Latest time stamp, seconds since the epoch."""

    def is_like(self, other: TreeLook) -> bool:
        """Whether both looks saw the same tree."""
        return (self.files, self.directories) == (other.files, other.directories)


def look_at(path: str) -> TreeLook:
    """Look at a version, a directory or a single file; what vanishes meanwhile makes it look new."""
    tree = _TreeBuilder(newest_s=_modified_s(path))
    if os.path.isdir(path):
        tree.add_directory(path, "")
    else:
        tree.add_file(path, "")
    return TreeLook(frozenset(tree.files), frozenset(tree.directories), tree.newest_s)


class SettlingWatch:
    """Follows the versions of one base path from look to look.

    Used by one thread at a time, except that any may ask `may_settle_soon`.
    """

    def __init__(self, options: SettlingOptions | None) -> None:
        """Watch by these rules; None takes every version as settled."""
        self._options = options
        self._settled: set[str] = set()
        self._looks: dict[str, _EqualLooks] = {}

    def is_known_settled(self, child: str) -> bool:
        """Whether this entry was found settled before."""
        return child in self._settled

    def is_settled(self, base_path: str, child: str, now_s: float) -> bool:
        """Look at an entry, unless it is known to be settled, and judge it."""
        if self._options is None or child in self._settled:
            return True
        if not self._judge(self._options, child, look_at(os.path.join(base_path, child)), now_s):
            return False
        self._settled.add(child)
        self._looks.pop(child, None)
        return True

    def is_unfinished(self, child: str) -> bool:
        """Whether an unsettled entry is known to be incomplete, not just new: it was seen changing, or stays empty."""
        looks = self._looks.get(child)
        return looks is not None and (looks.has_changed or not self._is_young(looks))

    def may_settle_soon(self) -> bool:
        """Whether some entry was so new, or so lately changed, that a look `quiet_s` later is worth its cost."""
        entries = list(self._looks.values())  # a copy: asked by threads other than the one that looks
        return any(self._is_young(looks) for looks in entries)

    def keep_only(self, children: Collection[str]) -> None:
        """Forget entries that are gone; one that comes back starts anew."""
        self._settled.intersection_update(children)
        self._looks = {child: looks for child, looks in self._looks.items() if child in children}

    def _is_young(self, looks: _EqualLooks) -> bool:
        return self._options is not None and looks.last_s - looks.first_s < self._options.quiet_s

    def _judge(self, options: SettlingOptions, child: str, look: TreeLook, now_s: float) -> bool:
        if look.files and now_s - look.newest_s >= options.old_after_s:
            return True
        looks = self._looks.get(child)
        if looks is None or not look.is_like(looks.look):
            self._looks[child] = _EqualLooks(look, now_s, now_s, has_changed=looks is not None)
            return False
        first_s = looks.first_s if now_s >= looks.last_s else now_s  # a clock set back starts anew
        self._looks[child] = replace(looks, first_s=first_s, last_s=now_s)
        return bool(look.files) and now_s - first_s >= options.quiet_s


@dataclass(frozen=True, slots=True)
class _EqualLooks:
    """The latest looks at an entry that all saw the same."""

    look: TreeLook
    first_s: float
    last_s: float
    has_changed: bool
    """Whether an earlier look differed."""


@dataclass(slots=True)
class _TreeBuilder:
    newest_s: float
    files: list[tuple[str, int, int]] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)

    def add_directory(self, path: str, relative: str) -> None:
        try:
            with os.scandir(path) as entries:
                children = list(entries)
        except OSError:
            self.files.append((relative, -1, -1))
            return
        for child in children:
            name = os.path.join(relative, child.name)
            if _is_own_directory(child):
                self.directories.append(name)
                self._examine(child.path)
                self.add_directory(child.path, name)
            else:
                self.add_file(child.path, name)

    def add_file(self, path: str, relative: str) -> None:
        status = self._examine(path)
        if status is None:
            self.files.append((relative, -1, -1))
        else:
            self.files.append((relative, status.st_size, status.st_mtime_ns))

    def _examine(self, path: str) -> os.stat_result | None:
        try:
            status = os.stat(path)
        except OSError:
            if not os.path.lexists(path):
                self.newest_s = math.inf  # it went away between two system calls: somebody is at work here
            return None
        self.newest_s = max(self.newest_s, status.st_mtime, status.st_ctime)
        return status


def _is_own_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _modified_s(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return math.inf
