"""Version labels: names for versions, as configured and as they take effect.

A label may be pointed at a version that is still loading. Until that version serves, the label keeps its last version,
so that moving a label never leaves its clients without an answer; a label that never had one names the version wanted,
and requests say which version is missing.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TypeAlias

from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import FailedPreconditionError

Labels: TypeAlias = Mapping[str, int]
"""Label to version number."""


def labels_in_effect(wanted: Labels, before: Labels, serving: Container[int]) -> dict[str, int]:
    """Return what each label names now.

    Args:
        wanted: The configured labels; others vanish.
        before: What was in effect until now.
        serving: The versions that serve.
    """
    return {
        label: before[label] if version not in serving and before.get(label) in serving else version
        for label, version in wanted.items()
    }


def check_new_labels(name: str, labels: Labels, before: Labels, states: Mapping[int, ServableState]) -> None:
    """Check the labels of a model whose versions do not change otherwise: each must name one that serves or may yet.

    Args:
        name: The model.
        labels: The labels asked for.
        before: The labels configured until now; one that stays as it was is not checked.
        states: The last state of each known version.

    Raises:
        FailedPreconditionError: A label names a version that is unknown, failed or going away.
    """
    for label, version in labels.items():
        if before.get(label) != version and not _may_serve(states.get(version)):
            raise FailedPreconditionError(
                f"Request to assign label {label} to version {version} of model {name}, "
                f"which is not currently available for inference: {_describe(name, version, states.get(version))}"
            )


def _may_serve(state: ServableState | None) -> bool:
    return state is not None and state.manager_state <= ManagerState.AVAILABLE


def _describe(name: str, version: int, state: ServableState | None) -> str:
    if state is None:
        return f"{ServableId(name, version)} is not known"
    reason = f" ({state.error.message})" if state.error else ""
    return f"it is in state {state.manager_state.name}{reason}"
