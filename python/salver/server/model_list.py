"""The models that are configured, as one value that is replaced whole, and the edits that make the next one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from salver.config.server_config import ModelConfig
from salver.sources.version_policy import Latest, Specific

Models: TypeAlias = tuple[ModelConfig, ...]

Edit: TypeAlias = Callable[[Models], Sequence[ModelConfig]]
"""Makes the list that is to take the place of the present one; raises a SalverError to change nothing."""


@dataclass(frozen=True)
class ModelList:
    """The configured models and the number of their list."""

    models: Models = ()
    revision: int = 0
    """Counts the lists that said something else than the one before."""
    etag: str = field(init=False)
    """Stands for this list: the revision, and a digest that tells lists of two runs of the server apart. The order of
    models and labels says nothing, and so does not change it."""

    def __post_init__(self) -> None:
        """Make the tag."""
        text = repr(_in_order(self.models))
        digest = hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]
        object.__setattr__(self, "etag", f"{self.revision}-{digest}")

    @cached_property
    def by_name(self) -> Mapping[str, ModelConfig]:
        """The models by their names."""
        return _by_name(self.models)

    def followed_by(self, models: Models) -> ModelList:
        """Return the list that takes its place; with another number if it says something else."""
        return ModelList(models, self.revision + (_by_name(models) != self.by_name))


@dataclass(frozen=True, slots=True)
class Replacement:
    """A list of models that took the place of another, or would have."""

    before: ModelList
    after: ModelList

    @property
    def is_changed(self) -> bool:
        """Whether the two say different things."""
        return self.after.by_name != self.before.by_name


def _by_name(models: Models) -> dict[str, ModelConfig]:
    return {model.name: model for model in models}


def _in_order(models: Models) -> Models:
    ordered = sorted(models, key=lambda model: model.name)
    return tuple(replace(model, version_labels=dict(sorted(model.version_labels.items()))) for model in ordered)


# --- Edits of one model


def pinned(model: ModelConfig, version: int) -> ModelConfig:
    """Return the model with this version alone, keeping in mind which it had before."""
    policy = Specific((version,))
    if model.version_policy == policy:
        return model
    before = model.version_policy if model.policy_before_pin is None else model.policy_before_pin
    return replace(model, version_policy=policy, policy_before_pin=before)


def unpinned(model: ModelConfig) -> ModelConfig:
    """Return the model with the policy from before its pin; for other fixed versions with its latest."""
    if model.policy_before_pin is not None:
        return replace(model, version_policy=model.policy_before_pin, policy_before_pin=None)
    if isinstance(model.version_policy, Specific):
        return replace(model, version_policy=Latest())
    return model
