"""Storage paths: plain strings that say where a version's files are."""

from __future__ import annotations

StoragePath = str
"""A local path or a URI."""


def join_path(*parts: str) -> str:
    """Join with exactly one slash between parts; empty parts are skipped.

    Unlike `os.path.join` a part that begins with a slash does not drop those before it, and URIs keep their scheme.
    """
    joined = ""
    for part in filter(None, parts):
        joined = joined.removesuffix("/") + "/" + part.removeprefix("/") if joined else part
    return joined
