"""Numbers as people read them."""

from __future__ import annotations

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


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


def _three_digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"
