"""Numbers as people read them."""

from __future__ import annotations

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_AGES = ((86400, "d", 3600, "h", 10), (3600, "h", 60, "m", 10), (60, "m", 1, "s", 10))
"""Seconds and name of a unit, the same of the next smaller one, and up to how many that is worth telling."""


def duration(seconds: float) -> str:
    """Three digits and a unit: `850 us`, `1.23 ms`, `12 s`."""
    for size, unit in _UNITS:
        if seconds >= 0.9995 * size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} us"


def rate(per_s: float) -> str:
    """Something per second, with three digits or whole."""
    return f"{per_s:,.0f}" if per_s >= 100 else _three_digits(per_s)


def share(part: float, whole: float) -> str:
    """In percent; what is not quite nothing or all is not shown as that."""
    if part <= 0 or whole <= 0:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.5:
        return "<1 %"
    return ">99 %" if 99.5 <= percent < 100 else f"{percent:.0f} %"


def counted(number: int, noun: str) -> str:
    """`1 request`, `2 requests`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def size(num_bytes: float) -> str:
    """Three digits and a binary unit: `512 B`, `1.5 KiB`, `320 MiB`."""
    amount, units = float(num_bytes), iter(_SIZES)
    unit = next(units)
    for larger in units:
        if amount < 999.5:
            break
        amount, unit = amount / 1024, larger
    return f"{_three_digits(amount)} {unit}"


def age(seconds: float) -> str:
    """A time since something, in its one or two largest units: `45s`, `3m20s`, `5h`, `12d`."""
    whole = max(0, round(seconds))
    for unit_s, unit, smaller_s, smaller, at_most in _AGES:
        if whole >= unit_s:
            rest = whole % unit_s // smaller_s
            return f"{whole // unit_s}{unit}" + (f"{rest}{smaller}" if rest and whole < at_most * unit_s else "")
    return f"{whole}s"
