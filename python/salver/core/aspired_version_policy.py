"""Which version of a stream to load or unload next.

A policy is a pure function: it sees all managed versions of one stream, aspired or not, and names at most one act. The
manager asks again after each act it has begun, until the policy wants nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.errors import SalverError


class Act(enum.Enum):
    """What to do with a version."""

    LOAD = "load"
    UNLOAD = "unload"


@dataclass(frozen=True, slots=True)
class Action:
    """One act on one version."""

    act: Act
    id: ServableId


@dataclass(frozen=True, slots=True)
class AspiredServableStateSnapshot:
    """A managed version at one moment, as policies see it."""

    id: ServableId
    state: HarnessState
    is_aspired: bool
    """Whether the last list of its stream holds it."""
    error: SalverError | None = None
    """Why the state is ERROR."""


AspiredVersionPolicy = Callable[[Sequence[AspiredServableStateSnapshot]], Action | None]
"""Chooses the next act for one stream, from all its versions in the order of their numbers.

Called with no lock of a version held, one call at a time; must not block.
"""


def availability_preserving_policy(versions: Sequence[AspiredServableStateSnapshot]) -> Action | None:
    """Keep one version serving at all times, at the cost of room for two.

    An old version goes when an aspired one is ready, when a second old one still serves, or when nothing is aspired;
    the lowest first. Otherwise the highest aspired new version is loaded.
    """
    leaving = [v for v in versions if not v.is_aspired and v.state is HarnessState.READY]
    is_any_aspired = any(v.is_aspired for v in versions)
    is_aspired_ready = any(v.is_aspired and v.state is HarnessState.READY for v in versions)
    if leaving and (not is_any_aspired or is_aspired_ready or len(leaving) > 1):
        return Action(Act.UNLOAD, min(v.id for v in leaving))
    return _load_highest_new(versions)


def resource_preserving_policy(versions: Sequence[AspiredServableStateSnapshot]) -> Action | None:
    """Never hold an old and a new version at once, at the cost of a gap in service.

    Old versions go first, the lowest first; the highest aspired new version is loaded when they are all gone. Failed
    ones hold nothing and do not count.
    """
    leaving = [v for v in versions if not v.is_aspired and v.state is HarnessState.READY]
    if leaving:
        return Action(Act.UNLOAD, min(v.id for v in leaving))
    gone = (HarnessState.DISABLED, HarnessState.ERROR)
    if any(not v.is_aspired and v.state not in gone for v in versions):
        return None
    return _load_highest_new(versions)


def highest_aspired_new(versions: Iterable[AspiredServableStateSnapshot]) -> ServableId | None:
    """Return the highest aspired version that nobody has asked to load yet."""
    return max((v.id for v in versions if v.is_aspired and v.state is HarnessState.NEW), default=None)


def _load_highest_new(versions: Sequence[AspiredServableStateSnapshot]) -> Action | None:
    id = highest_aspired_new(versions)
    return None if id is None else Action(Act.LOAD, id)
