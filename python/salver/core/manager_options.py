"""What the managers can be told at their making."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from salver.core.aspired_version_policy import Act, Action, AspiredVersionPolicy, availability_preserving_policy
from salver.core.event_bus import EventBus
from salver.core.ids import ServableId
from salver.core.resource_tracker import ResourceTracker
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_state import ServableState
from salver.core.serving_map import ServingTable


@dataclass(frozen=True, kw_only=True)
class BasicManagerOptions:
    """How a `BasicManager` works; fixed for its life, except the number of load threads."""

    resource_tracker: ResourceTracker | None = None
    """Admits loads while there is room; None admits all."""
    num_load_threads: int = 0
    """How many loads run at once; 0 runs a load on the thread that asks for it."""
    num_unload_threads: int = 0
    """How many unloads run at once; 0 runs an unload on the thread that asks for it, waiting for handles included."""
    event_bus: EventBus[ServableState] | None = None
    """Where the life of every version is published."""
    retry: RetryOptions = field(default_factory=RetryOptions)
    """How loads, and estimates before them, are tried again."""
    pre_load_hook: Callable[[ServableId], None] | None = None
    """Called on the loading thread after LOADING was published and before the load; if it raises, the load failed."""
    flush_filesystem_caches: Callable[[], None] | None = None
    """Called after every load while at most one runs at once (`num_load_threads` <= 1): what was read is not needed."""
    serving_tables: Sequence[ServingTable] = ()
    """Data planes that are told what can be served."""
    close_timeout_s: float | None = 10.0
    """How long `close` waits for loads that run, then for handles and requests; what is in use after that stays loaded.
    None is no limit."""


def unloads_first(action: Action) -> Any:
    """Sort key that begins unloads before loads and otherwise keeps the order of the streams."""
    return action.act is Act.LOAD


def availability_for_all(name: str) -> AspiredVersionPolicy:
    """Give every stream the availability preserving policy."""
    del name
    return availability_preserving_policy


@dataclass(frozen=True, kw_only=True)
class AspiredVersionsManagerOptions(BasicManagerOptions):
    """How an `AspiredVersionsManager` works; fixed for its life, except the number of load threads.

    With zero load (unload) threads a load (unload) runs inside `step`, and everything else waits for it.
    """

    policy_for: Callable[[str], AspiredVersionPolicy] = availability_for_all
    """Gives the policy of a servable stream by its name; asked whenever the policy is, so the answer may change."""
    sort_key: Callable[[Action], Any] = unloads_first
    """Orders acts on different streams that can begin at the same time; the lowest begins first."""
    reload_servables_with_error: bool = False
    """Whether a list that holds a failed version again replaces it by the new data, and so tries it again."""
    failed_version_backoff: Backoff | None = None
    """Pauses after which a failed version that is still aspired is tried again; None leaves it failed.

    It is tried with the data of the last list that held it. A version that its source reported as broken is tried as
    soon as a list brings data for it.
    """
    failed_version_max_retries: int | None = None
    """How often a failed version is tried again after such pauses; None keeps trying."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, for the pauses above."""
