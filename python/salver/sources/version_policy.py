"""Version policies: which of the versions found in a base path are aspired.

Not to be confused with the manager's policy, which decides when an aspired version is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latest:
    """The highest version numbers."""

    num_versions: int = 1
    """How many; below 1 means 1."""


@dataclass(frozen=True, slots=True)
class All:
    """Every version."""


@dataclass(frozen=True, slots=True)
class Specific:
    """These versions and no others."""

    versions: tuple[int, ...] = ()
    """Version numbers; none means that nothing is aspired."""


VersionPolicy = Latest | All | Specific


def choose_versions(policy: VersionPolicy, versions: Iterable[int], is_ready: Callable[[int], bool]) -> list[int]:
    """Return the versions to aspire, highest first.

    Versions that are not ready are passed over as if they were not there, so a version still being written does not
    push out the one that serves. `is_ready` is asked only of versions that the policy would take.

    Args:
        policy: The rule.
        versions: Numbers found, each once.
        is_ready: Whether a version may be loaded now.
    """
    wanted = set(versions)
    limit = len(wanted)
    if isinstance(policy, Latest):
        limit = max(policy.num_versions, 1)
    elif isinstance(policy, Specific):
        wanted &= set(policy.versions)
    chosen: list[int] = []
    for version in sorted(wanted, reverse=True):
        if len(chosen) == limit:
            break
        if is_ready(version):
            chosen.append(version)
    return chosen
