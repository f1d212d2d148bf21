"""Between what the admin API says of a model and its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from salver.admin.limits import MAX_VERSION
from salver.admin.model import ModelSpec
from salver.config.server_config import AspiredVersionPolicyName, ModelConfig
from salver.errors import InvalidArgumentError
from salver.nearest import did_you_mean
from salver.server.admin.inputs import read_fields
from salver.server.model_fields import spec_fields
from salver.sources.version_policy import All, Latest, Specific, VersionPolicy

_POLICIES: Mapping[str, tuple[str, ...]] = {"latest": ("num_versions",), "all": (), "specific": ("versions",)}
_MAX_LATEST = 2**32 - 1


def config_of(spec: ModelSpec) -> ModelConfig:
    """Return the configuration that a new model is to have.

    Raises:
        InvalidArgumentError: The version policy is none.
    """
    policy = spec.aspired_version_policy
    return ModelConfig(
        name=spec.name,
        base_path=spec.base_path,
        platform=spec.platform,
        version_policy=read_policy(spec.version_policy),
        version_labels=dict(spec.version_labels),
        aspired_version_policy=None if policy is None else AspiredVersionPolicyName(policy),
    )


def patched(model: ModelConfig, patch: Mapping[str, Any]) -> ModelConfig:
    """Return the model with a JSON merge patch applied to what the admin API says of it.

    A policy takes the place of the present one whole: merged, it would be two. So the others may be null beside it, and
    need not be. What the admin API does not speak of stays as it is. A model whose policy is set is no longer pinned.

    Raises:
        InvalidArgumentError: What comes of it is no model.
    """
    merged = {**spec_fields(model), **{name: value for name, value in patch.items() if name != "version_labels"}}
    if "version_labels" in patch:
        merged["version_labels"] = _merged_labels(model.version_labels, patch["version_labels"])
    if isinstance(merged["version_policy"], Mapping):
        merged["version_policy"] = _one_policy(merged["version_policy"])
    document = {name: value for name, value in merged.items() if value is not None}
    new = config_of(read_fields(ModelSpec, document, "the model"))
    policy_before_pin = None if "version_policy" in patch else model.policy_before_pin
    return replace(new, request_logging=model.request_logging, policy_before_pin=policy_before_pin)


def _merged_labels(labels: Mapping[str, int], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    if patch is None:
        return {}
    return {label: version for label, version in {**labels, **patch}.items() if version is not None}


def _one_policy(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out the policies that a patch removes; names that are none stay, to be told of."""
    return {name: value for name, value in patch.items() if value is not None or name not in _POLICIES}


def read_policy(document: Mapping[str, Any]) -> VersionPolicy:
    """Return the version policy that JSON stands for.

    Raises:
        InvalidArgumentError: It is none.
    """
    if len(document) != 1:
        raise InvalidArgumentError(f"version_policy must be one of latest, all and specific, got {_told(document)}")
    ((name, fields),) = document.items()
    if name not in _POLICIES:
        hint = did_you_mean(name, _POLICIES, "expected latest, all or specific")
        raise InvalidArgumentError(f"version_policy has no {name[:80]}; {hint}")
    place = f"version_policy.{name}"
    if not isinstance(fields, Mapping):
        raise InvalidArgumentError(f"{place} must be an object")
    for field in fields:
        if field not in _POLICIES[name]:
            known = " and ".join(_POLICIES[name]) or "nothing"
            raise InvalidArgumentError(f"{place} has no field {field[:80]}; expected {known}")
    return _policy(name, fields, place)


def _policy(name: str, fields: Mapping[str, Any], place: str) -> VersionPolicy:
    if name == "all":
        return All()
    if name == "latest":
        return Latest(_whole(fields.get("num_versions", 1), f"{place}.num_versions", 1, _MAX_LATEST))
    versions = fields.get("versions")
    if not isinstance(versions, list):
        raise InvalidArgumentError(f"{place}.versions must be a list of versions")
    numbers = [_whole(version, f"{place}.versions[{i}]", 0, MAX_VERSION) for i, version in enumerate(versions)]
    return Specific(tuple(dict.fromkeys(numbers)))


def _whole(value: object, place: str, minimum: int, maximum: int) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
        raise InvalidArgumentError(f"{place} must be a whole number from {minimum} to {maximum}, got {value!r:.80}")
    return value


def _told(document: Mapping[str, Any]) -> str:
    return ", ".join(name[:80] for name in list(document)[:4]) or "none of them"
