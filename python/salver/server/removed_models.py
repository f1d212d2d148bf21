"""Which models were taken away last: what is still known of them can be asked for, but not for ever.

The state of a model outlives it, so that who asks what became of it is told. On a server whose models come and go under
new names that would grow without end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

_MAX_KEPT = 1000


class RemovedModels:
    """The names that were removed last; those before them are forgotten. Not thread-safe: changes take turns."""

    def __init__(self, forget: Callable[[str], bool], max_kept: int = _MAX_KEPT) -> None:
        """Begin with none.

        Args:
            forget: Forgets what is known of a model; False if that cannot be yet, for a version is still unloading.
            max_kept: How many names are kept in mind.
        """
        self._forget = forget
        self._max_kept = max_kept
        self._names: dict[str, None] = {}
        """The oldest first."""

    def update(self, removed: Collection[str], present: Collection[str]) -> None:
        """Note that these names were removed, and that those are there, perhaps again."""
        for name in self._names.keys() & present:
            del self._names[name]
        self._names |= dict.fromkeys(removed)
        for name in list(self._names)[: max(0, len(self._names) - self._max_kept)]:
            if self._forget(name):
                del self._names[name]
