"""The configuration of a model in JSON: as the admin API, and what is told of changes, say it."""

from __future__ import annotations

from typing import Any

from salver.config.server_config import ModelConfig
from salver.sources.version_policy import All, Latest, Specific, VersionPolicy


def spec_fields(model: ModelConfig) -> dict[str, Any]:
    """Return the fields of a `ModelSpec`, as JSON has them."""
    policy = model.aspired_version_policy
    return {
        "name": model.name,
        "base_path": model.base_path,
        "platform": model.platform,
        "version_policy": _policy_document(model.version_policy),
        "version_labels": dict(model.version_labels),
        "aspired_version_policy": None if policy is None else policy.value,
    }


def _policy_document(policy: VersionPolicy) -> dict[str, Any]:
    """Return a version policy as JSON has it."""
    match policy:
        case All():
            return {"all": {}}
        case Specific(versions):
            return {"specific": {"versions": list(versions)}}
        case Latest(num_versions):
            return {"latest": {"num_versions": max(num_versions, 1)}}
