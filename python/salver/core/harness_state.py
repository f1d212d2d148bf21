"""The life of one managed version, as one table.

Rules:
    - A version is loaded at most once: a harness that left NEW never returns to it. To try again, the manager stops
      managing the version and manages it anew.
    - Every event leads to one state, whatever the state it comes from; an event that is not in the table for the
      present state is illegal, raises and changes nothing.
    - DISABLED and ERROR are final. Only NEW, DISABLED and ERROR may be dropped: nothing is loaded there.
    - Becoming available is published after the fact, becoming unavailable before it: see `PUBLISHED_STATES`.

`python -m salver.core.harness_state` writes the page docs/concepts/states.md from this table.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from types import MappingProxyType

from salver.core.servable_state import ManagerState
from salver.errors import InternalError


class HarnessState(enum.Enum):
    """Where a managed version is; finer than what is published."""

    NEW = "new"
    LOAD_REQUESTED = "load-requested"
    LOAD_APPROVED = "load-approved"
    LOADING = "loading"
    READY = "ready"
    UNLOAD_REQUESTED = "unload-requested"
    QUIESCING = "quiescing"
    QUIESCED = "quiesced"
    UNLOADING = "unloading"
    DISABLED = "disabled"
    ERROR = "error"


class HarnessEvent(enum.Enum):
    """What may happen to a managed version."""

    REQUEST_LOAD = "load requested"
    APPROVE_LOAD = "resources granted"
    START_LOADING = "load starts"
    FINISH_LOADING = "load succeeded"
    UNDO_LOADING = "load succeeded, but was cancelled"
    REQUEST_UNLOAD = "unload requested"
    START_QUIESCING = "taken from the serving map"
    FINISH_QUIESCING = "last use is over"
    START_UNLOADING = "unload starts"
    FINISH_UNLOADING = "unload ended"
    FAIL = "failed"


_S, _E = HarnessState, HarnessEvent

TRANSITIONS: Mapping[tuple[HarnessState, HarnessEvent], HarnessState] = MappingProxyType(
    {
        (_S.NEW, _E.REQUEST_LOAD): _S.LOAD_REQUESTED,
        (_S.LOAD_REQUESTED, _E.APPROVE_LOAD): _S.LOAD_APPROVED,
        (_S.LOAD_APPROVED, _E.START_LOADING): _S.LOADING,
        (_S.LOADING, _E.FINISH_LOADING): _S.READY,
        (_S.LOADING, _E.UNDO_LOADING): _S.UNLOADING,
        (_S.READY, _E.REQUEST_UNLOAD): _S.UNLOAD_REQUESTED,
        (_S.UNLOAD_REQUESTED, _E.START_QUIESCING): _S.QUIESCING,
        (_S.QUIESCING, _E.FINISH_QUIESCING): _S.QUIESCED,
        (_S.QUIESCED, _E.START_UNLOADING): _S.UNLOADING,
        (_S.UNLOADING, _E.FINISH_UNLOADING): _S.DISABLED,
        (_S.NEW, _E.FAIL): _S.ERROR,
        (_S.LOAD_REQUESTED, _E.FAIL): _S.ERROR,
        (_S.LOAD_APPROVED, _E.FAIL): _S.ERROR,
        (_S.LOADING, _E.FAIL): _S.ERROR,
        (_S.READY, _E.FAIL): _S.ERROR,
        (_S.UNLOAD_REQUESTED, _E.FAIL): _S.ERROR,
        (_S.QUIESCING, _E.FAIL): _S.ERROR,
        (_S.QUIESCED, _E.FAIL): _S.ERROR,
        (_S.UNLOADING, _E.FAIL): _S.ERROR,
    }
)
"""State and event to next state; what is absent is illegal."""

TARGETS: Mapping[HarnessEvent, HarnessState] = MappingProxyType({event: to for (_, event), to in TRANSITIONS.items()})
"""Where each event leads."""

DROPPABLE_STATES = frozenset({_S.NEW, _S.DISABLED, _S.ERROR})
"""States in which nothing is loaded, so that the manager may forget the version."""

RESOURCE_STATES = frozenset(_S) - DROPPABLE_STATES - {_S.LOAD_REQUESTED}
"""States in which the version's estimate counts as used."""

PUBLISHED_STATES: Mapping[HarnessState, ManagerState] = MappingProxyType(
    {
        _S.NEW: ManagerState.START,
        _S.LOADING: ManagerState.LOADING,
        _S.READY: ManagerState.AVAILABLE,
        _S.QUIESCING: ManagerState.UNLOADING,
        _S.DISABLED: ManagerState.END,
        _S.ERROR: ManagerState.END,
    }
)
"""What the outside is told on entering a state; the other states are the manager's own business."""


def next_state(state: HarnessState, event: HarnessEvent) -> HarnessState:
    """Return the state after `event`.

    Raises:
        InternalError: The event is illegal in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        target = TARGETS[event].value
        raise InternalError(f"Illegal request to transition from state {state.value} to {target}") from None


def states_page() -> str:
    """Return the documentation page of this table, in Markdown with a Mermaid diagram."""
    moves = [(a, event, b) for (a, event), b in TRANSITIONS.items() if b is not _S.ERROR]
    names = [f'    state "{state.value}" as {state.name}' for state in HarnessState]
    arrows = [f"    {a.name} --> {b.name}: {event.value}" for a, event, b in moves]
    failing = ", ".join(f"`{state.value}`" for state, event in TRANSITIONS if event is _E.FAIL)
    rows = [f"| `{state.value}` | {_published(state)} |" for state in HarnessState]
    lines = [
        "# States of a servable version",
        "",
        "Made from `salver.core.harness_state`; do not edit by hand.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        *names,
        "    [*] --> NEW",
        *arrows,
        "    DISABLED --> [*]",
        "    ERROR --> [*]",
        "```",
        "",
        f"A failure leads to `error` from each of {failing}.",
        "",
        "| State | Published as |",
        "| --- | --- |",
        *rows,
        "",
    ]
    return "\n".join(lines)


def _published(state: HarnessState) -> str:
    published = PUBLISHED_STATES.get(state)
    return "" if published is None else published.name.lower()


if __name__ == "__main__":
    sys.stdout.write(states_page())
