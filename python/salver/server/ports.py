"""Opening what the configuration says, and telling operators in the words that they wait for."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from salver.boundary import DataPlane
from salver.config.server_config import ServerConfig
from salver.config.tls import TlsSource

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenPorts:
    """Numbers of the open ports; None where there is none."""

    grpc: int | None = None
    rest: int | None = None


def open_ports(plane: DataPlane, config: ServerConfig) -> OpenPorts:
    """Open ports and socket; raises UnavailableError where one is taken."""
    grpc = rest = None
    if config.grpc_port is not None:
        grpc = plane.listen_grpc(config.host, config.grpc_port)
        _log_credentials(config.grpc_tls)
        logger.info("Running gRPC ModelServer at %s:%d ...", config.host, grpc)
    if config.grpc_socket_path is not None:
        plane.listen_grpc_unix(config.grpc_socket_path)
        _log_credentials(config.grpc_tls)
        logger.info("Running gRPC ModelServer at UNIX socket %s ...", config.grpc_socket_path)
    if config.rest_port is not None:
        rest = plane.listen_rest(config.host, config.rest_port)
        secured = " (TLS)" if config.rest_tls else ""
        logger.info("Exporting HTTP/REST API at:localhost:%d ...%s", rest, secured)
    return OpenPorts(grpc, rest)


def _log_credentials(tls: TlsSource | None) -> None:
    logger.info("Using SSL credentials" if tls else "Using InsecureServerCredentials")
