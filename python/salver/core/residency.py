"""Who may stay in a cache of servables: sizes, last uses and the choice of whom to evict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from salver.core.ids import ServableId


@dataclass(slots=True)
class Resident:
    """One version that takes room."""

    num_bytes: int
    loaded_s: float | None = None
    """When it was loaded; None while it is being loaded."""
    last_used_s: float = 0.0
    is_leaving: bool = False
    """Whether its eviction has begun."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidencyLimits:
    """How much may stay, and who must."""

    max_bytes: int | None = None
    """Room for all residents; None is no limit."""
    min_residency_s: float = 0.0
    """A version is not evicted sooner than this after its load."""
    pinned_names: frozenset[str] = frozenset()
    """Servables that are never evicted."""


class Residency:
    """The residents of a cache. Not thread-safe: its owner locks."""

    def __init__(self, limits: ResidencyLimits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._residents: dict[ServableId, Resident] = {}

    def admit(self, id: ServableId, num_bytes: int) -> None:
        """Take room for a version that will be loaded."""
        self._residents[id] = Resident(num_bytes)

    def note_loaded(self, id: ServableId) -> None:
        """The version is loaded: from now on it may be evicted, after the least residency."""
        resident = self._residents[id]
        resident.loaded_s = resident.last_used_s = self._clock()

    def note_used(self, id: ServableId) -> None:
        """The version was asked for; safe without the owner's lock."""
        resident = self._residents.get(id)
        if resident is not None:
            resident.last_used_s = self._clock()

    def note_leaving(self, id: ServableId) -> None:
        """The version's eviction has begun."""
        self._residents[id].is_leaving = True

    def drop(self, id: ServableId) -> None:
        """Give back the room of a version."""
        self._residents.pop(id, None)

    def is_leaving(self, id: ServableId) -> bool:
        """Whether this version is being evicted."""
        resident = self._residents.get(id)
        return resident is not None and resident.is_leaving

    def missing_bytes(self, num_bytes: int) -> int:
        """Return how much room is missing for one more, with all leave-takings done; at most 0 if it will fit."""
        if self._limits.max_bytes is None:
            return 0
        staying = sum(resident.num_bytes for resident in self._residents.values() if not resident.is_leaving)
        return staying + num_bytes - self._limits.max_bytes

    def is_within_limits(self) -> bool:
        """Whether everybody fits, with those who are leaving still there."""
        if self._limits.max_bytes is None:
            return True
        return sum(resident.num_bytes for resident in self._residents.values()) <= self._limits.max_bytes

    def choose_victims(self, num_bytes: int) -> list[ServableId] | None:
        """Return the least recently used versions that together free this much; None if there are not enough."""
        victims: list[ServableId] = []
        for id in self._evictable():
            if num_bytes <= 0:
                break
            victims.append(id)
            num_bytes -= self._residents[id].num_bytes
        return victims if num_bytes <= 0 else None

    def _evictable(self) -> Iterable[ServableId]:
        latest_load_s = self._clock() - self._limits.min_residency_s
        ids = [id for id, resident in self._residents.items() if self._may_go(id, resident, latest_load_s)]
        return sorted(ids, key=lambda evictable: self._residents[evictable].last_used_s)

    def _may_go(self, id: ServableId, resident: Resident, latest_load_s: float) -> bool:
        is_old_enough = resident.loaded_s is not None and resident.loaded_s <= latest_load_s
        return is_old_enough and not resident.is_leaving and id.name not in self._limits.pinned_names
