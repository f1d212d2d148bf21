"""The configuration of a server that a program makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salver.config.server_config import ModelConfig, ServerConfig


def given_config(
    models: ServerConfig | Mapping[str, str | ModelConfig] | None, settings: Mapping[str, Any]
) -> ServerConfig:
    """Return the configuration that a program gives: whole, or as models and settings.

    Raises:
        TypeError: There are settings beside a whole one.
        ValueError: A model stands under another name than its own.
    """
    if isinstance(models, ServerConfig):
        if settings:
            raise TypeError(f"expected no settings beside a ServerConfig, got {', '.join(sorted(settings))}")
        return models
    return ServerConfig(models=tuple(_model_config(name, model) for name, model in (models or {}).items()), **settings)


def _model_config(name: str, model: str | ModelConfig) -> ModelConfig:
    if isinstance(model, ModelConfig):
        if model.name != name:
            raise ValueError(f"the configuration under {name} is of a model named {model.name}")
        return model
    return ModelConfig(name=name, base_path=str(model))
