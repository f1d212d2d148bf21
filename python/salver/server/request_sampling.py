"""Which part of a model's requests this server logs, and what each of its records says about that."""

from __future__ import annotations

from dataclasses import dataclass

from salver.config.server_config import RequestLoggingConfig


@dataclass(frozen=True, kw_only=True)
class LoggingTask:
    """Which of many servers this one is."""

    dc: str = ""
    """Its data centre; empty where that was not said."""
    index: int | None = None
    """Its number; None where that was not said."""


def effective_rate(config: RequestLoggingConfig, task: LoggingTask) -> float:
    """Return the rate of the first entry that is meant for this server, or else the general one."""
    for entry in config.task_rates:
        if entry.dc in {"", task.dc} and entry.task_index in {None, task.index}:
            return entry.sampling_rate
    return config.sampling_rate


def log_metadata(config: RequestLoggingConfig, task: LoggingTask, saved_model_tags: tuple[str, ...]) -> bytes:
    """Return the serialized LogMetadata that is the same in all records of a model."""
    from salver import wire  # not on the start path

    sampling = wire.SamplingConfig(sampling_rate=effective_rate(config, task), attributes=config.sampling_attributes)
    return wire.LogMetadata(sampling_config=sampling, saved_model_tags=saved_model_tags, dc=task.dc).SerializeToString()
