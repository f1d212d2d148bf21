"""Shapes as people read them."""

from __future__ import annotations

from collections.abc import Iterable


def shape_text(shape: Iterable[int] | None) -> str:
    """`[?, 3]`, or `any shape`."""
    return "any shape" if shape is None else f"[{', '.join('?' if size < 0 else str(size) for size in shape)}]"
