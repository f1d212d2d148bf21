"""What both gRPC transports have in common: arguments of channels, errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from salver.client.address import GrpcAddress
from salver.client.client_options import ClientSettings
from salver.client.no_answer import NoAnswerError
from salver.client.retry_hint import hint_of_metadata
from salver.client.tls import NO_TLS, WRONG_VERSION, Tls
from salver.errors import FailedPreconditionError, InternalError, SalverError, error_from_code

if TYPE_CHECKING:
    from types import ModuleType

_ARGUMENTS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_retries", 0),  # the client has its own, of the same kind in both protocols
    ("grpc.use_local_subchannel_pool", 1),  # no client waits for the broken connection of another
    # gRPC's own wait for another connection, up to two minutes, would outlast a restart and every retry of a call.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
_NOT_CONNECTED = re.compile(
    r"failed to connect to all addresses; last error: \w+: \S+: (Failed to connect to remote host: )?(?P<reason>.+)"
    r"|(errors resolving|DNS resolution failed) .+: (?P<no_host>[^:]+)",
    re.DOTALL,
)
"""What gRPC says by itself of a server that it did not reach."""


def import_grpc() -> ModuleType:
    """Import grpcio.

    Raises:
        FailedPreconditionError: It is not installed.
    """
    try:
        import grpc
    except ImportError:
        raise FailedPreconditionError(
            "gRPC addresses need the package grpcio: pip install salver[client]; http:// addresses do not"
        ) from None
    return grpc


def channel_arguments(settings: ClientSettings) -> list[tuple[str, Any]]:
    """All arguments of a channel; those given last hold."""
    named = settings.tls.channel_options() if settings.tls else []
    return list({**dict(_ARGUMENTS), **dict(named), **dict(settings.grpc_options)}.items())


def credentials(address: GrpcAddress, settings: ClientSettings) -> Any:
    """The credentials of a channel; None where it is not encrypted."""
    if settings.tls is None and not address.is_secure:
        return None
    return (settings.tls or Tls()).channel_credentials()


def error_of(error: Any, address: GrpcAddress) -> SalverError:
    """Return the error of this package for a grpc.RpcError of either kind."""
    details = error.details() or "the server gave no reason"
    if found := _NOT_CONNECTED.fullmatch(details):  # what stands between is of gRPC's inside
        reason = (found["reason"] or found["no_host"]).rstrip(".]")
        return NoAnswerError(f"no answer from {address}: {NO_TLS if WRONG_VERSION in details else reason}")
    made = error_from_code(error.code().value[0], details)
    made.retry_after_s = hint_of_metadata(error.trailing_metadata())
    return made


def misuse(error: ValueError, *, is_closed: bool) -> SalverError:
    """Return the error for a ValueError, which grpcio raises for closed channels among others."""
    return closed() if is_closed else InternalError(f"gRPC: {error}")


def closed() -> SalverError:
    """Return the error of a call after the client was closed."""
    return FailedPreconditionError("this client is closed")
