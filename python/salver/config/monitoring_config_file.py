"""The monitoring config file: a MonitoringConfig in text format becomes fields of `ServerConfig`."""

from __future__ import annotations

from salver.config.text_file import read_message
from salver.errors import InvalidArgumentError

MONITORING_CONFIG = "tensorflow.serving.MonitoringConfig"


def read_monitoring_config_file(path: str) -> dict[str, bool | str]:
    """Read whether and where there is a page of metrics, as fields of `ServerConfig`.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no such message, or the path in it is none.
    """
    message = read_message(path, MONITORING_CONFIG, what="monitoring config file").prometheus_config
    fields: dict[str, bool | str] = {"metrics_enabled": message.enable}
    if message.path and not message.path.startswith("/"):
        raise InvalidArgumentError(f"{path}: prometheus_config.path must begin with a slash, got {message.path!r}")
    if message.path:
        fields["metrics_path"] = message.path
    return fields
