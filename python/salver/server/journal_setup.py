"""What is told of single requests by a server with this configuration."""

from __future__ import annotations

from salver.boundary import DataPlane
from salver.config.server_config import ServerConfig
from salver.server.access_log import AccessLog
from salver.server.journal import Journal, TraceExporter
from salver.server.metrics import Metrics


def open_journal(config: ServerConfig, plane: DataPlane, metrics: Metrics) -> Journal:
    """Make the journal, with a connection to the collector where requests are traced.

    Raises:
        FailedPreconditionError: They are, and OpenTelemetry's SDK is not installed.
    """
    access_log = AccessLog() if config.access_log else None
    return Journal(plane, metrics, exporter=_exporter(config, metrics), access_log=access_log)


def _exporter(config: ServerConfig, metrics: Metrics) -> TraceExporter | None:
    if config.trace_sampling_ratio is None:
        return None
    from importlib.metadata import version  # both here, because they take time, and few need them

    from salver.server.otlp_exporter import otlp_exporter

    return otlp_exporter(config.otlp_endpoint, version("salver"), metrics.traces_dropped.add)
