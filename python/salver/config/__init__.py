"""Configuration: the values a server starts from, and the one reader of flags, environment and files."""

from salver.config.server_config import (
    AspiredVersionPolicyName,
    LogFormat,
    ModelConfig,
    RequestLoggingConfig,
    ServerConfig,
    TaskSamplingRate,
)

__all__ = [
    "AspiredVersionPolicyName",
    "LogFormat",
    "ModelConfig",
    "RequestLoggingConfig",
    "ServerConfig",
    "TaskSamplingRate",
]
