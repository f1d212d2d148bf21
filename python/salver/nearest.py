"""Names that are not there, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

_LIKENESS = 0.6
_MAX_LENGTH = 200
"""Of the name: the search takes time that grows with its square."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is most likely a mistyping of, if any is close; case does not count."""
    import difflib  # here, because few starts need it

    by_lower_case = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name[:_MAX_LENGTH].lower(), by_lower_case, n=1, cutoff=_LIKENESS)
    return by_lower_case[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the end of a message: the nearest known name as a question, or else `otherwise`."""
    guess = nearest(name, known)
    return otherwise if guess is None else f"did you mean {guess}?"


def nearest_or_all(name: str, known: Iterable[str]) -> str:
    """Return the end of a message: the nearest known name as a question, or else all of them."""
    names = sorted(known)
    are = "there is" if len(names) == 1 else "there are"
    return did_you_mean(name, names, f"{are} {', '.join(names) or 'none'}")
