"""Names that are not there, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """The end of a message: the nearest known name, or all of them."""
    import difflib

    names = sorted(known)
    matches = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if matches:
        return f"did you mean {matches[0]}?"
    return f"there are {', '.join(names)}" if names else "there are none"
