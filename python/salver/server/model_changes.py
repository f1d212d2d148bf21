"""What must hold when a list of models takes the place of another."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence

from salver.config.server_config import ModelConfig
from salver.config.validation import problems_of_models
from salver.core.servable_state import ServableState
from salver.errors import FailedPreconditionError, InvalidArgumentError
from salver.server.labels import check_new_labels
from salver.sources.version_policy import All, Latest, Specific, VersionPolicy

StatesOf = Callable[[str], Mapping[int, ServableState]]
"""Gives the last state of each known version of a model."""


def check_models(models: Sequence[ModelConfig], before: Sequence[ModelConfig], reserved: Collection[str]) -> None:
    """Check a list of models on its own, and against the one it replaces.

    Args:
        models: The new list.
        before: The present one.
        reserved: Names that are taken by servables which no list manages.

    Raises:
        InvalidArgumentError: With all that is wrong.
    """
    problems = problems_of_models(models)
    old = {model.name: model for model in before}
    for model in models:
        if model.name in reserved:
            problems.append(f"model {model.name}: the program that runs this server serves this name itself")
        if model.name in old and old[model.name].platform != model.platform:
            problems.append(
                f"Illegal to change a model's platform. For model {model.name} platform was "
                f"{old[model.name].platform} and new platform requested is {model.platform}"
            )
    if problems:
        raise InvalidArgumentError("; ".join(problems))


def check_labels(
    models: Sequence[ModelConfig],
    before: Sequence[ModelConfig],
    states_of: StatesOf,
    *,
    allow_unknown: bool = False,
) -> None:
    """Check the labels of models that are served already; those of a new or moved model wait for its versions.

    Args:
        models: The new list.
        before: The present one.
        states_of: What is known of the versions.
        allow_unknown: Whether a label that a model did not have may name any version.

    Raises:
        FailedPreconditionError: A label names a version that cannot come to serve.
    """
    old = {model.name: model for model in before}
    for model in models:
        present = old.get(model.name)
        if present is not None and _finds_same_versions(model, present):
            labels = {
                label: version
                for label, version in model.version_labels.items()
                if label in present.version_labels or not allow_unknown
            }
            check_new_labels(model.name, labels, present.version_labels, states_of(model.name))


def _finds_same_versions(model: ModelConfig, other: ModelConfig) -> bool:
    return (model.base_path, model.version_policy) == (other.base_path, other.version_policy)


def check_labels_keep_versions(model: ModelConfig, before: ModelConfig, found: Collection[int]) -> None:
    """Check that another version policy takes no version from the labels of a model.

    A label that is new, or whose version was not chosen before either, loses nothing; neither is it checked where the
    base path changes as well, for versions are yet to be found there.

    Args:
        model: What is to be.
        before: What is.
        found: The versions in the base path; none where they are not known.

    Raises:
        FailedPreconditionError: A label names a version that would be served no longer.
    """
    if model.base_path != before.base_path or model.version_policy == before.version_policy:
        return
    lost = [
        f"label {label} names version {version}"
        for label, version in model.version_labels.items()
        if label in before.version_labels
        and not _chooses(model.version_policy, version, found)
        and _chooses(before.version_policy, before.version_labels[label], found)
    ]
    if lost:
        command = f"salver ctl set {shlex.quote(model.name)} --versions {_typed(model.version_policy)}"
        raise FailedPreconditionError(
            f"Requests by label to model {model.name} would find no version, for it would be served no longer: "
            f"{', '.join(lost)}. Move or remove the label in the change of version_policy, by one PATCH with both: "
            f"{command} --label LABEL=VERSION, or --label LABEL- to remove it"
        )


def _typed(policy: VersionPolicy) -> str:
    """The policy as `salver ctl` takes it."""
    match policy:
        case All():
            return "all"
        case Specific(versions):
            return ",".join(map(str, versions)) or "none"
        case Latest(num_versions):
            return f"latest:{max(num_versions, 1)}"


def _chooses(policy: VersionPolicy, version: int, found: Collection[int]) -> bool:
    """Whether a policy may have this version served; one that is higher than all that there is may yet come."""
    match policy:
        case All():
            return True
        case Specific(versions):
            return version in versions
        case Latest(num_versions):
            return version >= min(sorted(found)[-max(num_versions, 1) :], default=0)


def told_change(models: Sequence[ModelConfig], before: Sequence[ModelConfig], writer: str, last_writer: str) -> str:
    """Say for the log who replaces which models, and whose they were."""
    old, new = {model.name: model for model in before}, {model.name: model for model in models}
    parts = {
        "added": [name for name in new if name not in old],
        "changed": [name for name, model in new.items() if name in old and old[name] != model],
        "removed": [name for name in old if name not in new],
    }
    told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names) or "nothing changed"
    whose = "" if writer == last_writer else f" (they were set by {last_writer} before)"
    return f"Models set by {writer}{whose}: {told}"
