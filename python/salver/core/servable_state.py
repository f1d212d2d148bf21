"""Published life-cycle states of a version, with the wire's five words."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from salver.core.ids import ServableId
from salver.errors import SalverError


class ManagerState(enum.IntEnum):
    """Where a version is in its life; the numbers are those of the wire's `ModelVersionStatus.State`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True, slots=True)
class ServableState:
    """One event: the version is now in this state.

    AVAILABLE is published after the version can be looked up, UNLOADING before it no longer can.
    """

    id: ServableId
    manager_state: ManagerState
    error: SalverError | None = None
    """Why the version failed; None while it is healthy."""
