"""Opening what the configuration says, and telling operators in the words that they wait for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from salver.boundary import DataPlane
from salver.config.server_config import ServerConfig
from salver.config.tls import TlsSource
from salver.errors import UnavailableError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenPorts:
    """Numbers of the open ports; None where there is none."""

    admin: int | None = None
    grpc: int | None = None
    rest: int | None = None


def open_admin_port(plane: DataPlane, config: ServerConfig) -> OpenPorts:
    """Open the admin port, if there is to be one.

    Raises:
        UnavailableError: It is taken, and was asked for.
    """
    if config.admin_port is None:
        return OpenPorts()
    try:
        port = _listen_admin(plane, config, config.admin_port)
    except UnavailableError as error:
        if not config.is_admin_port_optional:
            raise
        logger.warning("Going on without an admin listener: %s; --admin_port takes another port", error.message)
        return OpenPorts()
    host = f"[{config.admin_host}]" if ":" in config.admin_host else config.admin_host
    logger.info("Admin listener at http://%s:%d", host, port)
    return OpenPorts(admin=port)


def _listen_admin(plane: DataPlane, config: ServerConfig, port: int) -> int:
    # It opens first, and the ports that were asked for go before it.
    if config.is_admin_port_optional and port in {config.grpc_port, config.rest_port}:
        raise UnavailableError(f"port {port} is that of gRPC or REST")
    return plane.listen_admin(config.admin_host, port)


def open_client_ports(plane: DataPlane, config: ServerConfig, ports: OpenPorts) -> OpenPorts:
    """Open ports and socket of gRPC and REST beside those open; raises UnavailableError where one is taken."""
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
    return replace(ports, grpc=grpc, rest=rest)


def _log_credentials(tls: TlsSource | None) -> None:
    logger.info("Using SSL credentials" if tls else "Using InsecureServerCredentials")
