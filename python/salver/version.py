"""Which version of Salver this is."""

from __future__ import annotations


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # here, because few starts need it

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def salver_version() -> str:
    """Return the version of this package, or `unknown`."""
    return version_of("salver") or "unknown"
