"""The query of a request on the admin port."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from salver.config.flag_parser import nearest
from salver.errors import InvalidArgumentError


def read_query(query: str, known: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the values of each parameter that is there, in order.

    Args:
        query: The text after the question mark.
        known: The parameters that the path takes.

    Raises:
        InvalidArgumentError: There is another one; names the nearest.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            guess = nearest(name, known)
            hint = f"; did you mean {guess}?" if guess else f"; known are {', '.join(sorted(known))}" if known else ""
            raise InvalidArgumentError(f"there is no query parameter {name} here{hint}")
        found[name] = (*found.get(name, ()), value)
    return found


def read_number(name: str, value: str) -> int:
    """Return the whole number, 0 or above, that a parameter or header holds.

    Raises:
        InvalidArgumentError: It is no such number.
    """
    if value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    raise InvalidArgumentError(f"{name} must be a whole number, got {value!r}")
