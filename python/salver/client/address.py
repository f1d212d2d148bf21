"""Where a server is, and which protocol is spoken there.

`HOST:PORT`, `HOST` at the usual port, `grpc://HOST:PORT`, `grpcs://...` and every target that gRPC knows (`dns:///...`,
`unix:...`) mean gRPC, `http://HOST:PORT` and `https://...` REST. An IPv6 address has brackets, unless it is alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from salver.address import GRPC_PORT, host_and_port, read_host_and_port
from salver.errors import InvalidArgumentError

_PORTS = {"http": 80, "https": 443}
_OF_GRPC = frozenset({"dns", "unix", "unix-abstract", "ipv4", "ipv6", "vsock", "xds", "google-c2p"})
"""Schemes of its targets (gRPC name resolution); what follows the colon is read by gRPC."""


@dataclass(frozen=True)
class GrpcAddress:
    """A target of gRPC."""

    target: str
    is_secure: bool = False

    def __str__(self) -> str:
        return self.target


@dataclass(frozen=True)
class RestAddress:
    """A base URL."""

    host: str
    port: int
    prefix: str = ""
    """Comes before every path, without a slash at its end."""
    is_secure: bool = False

    def __str__(self) -> str:
        return self.authority

    @property
    def authority(self) -> str:
        """HOST:PORT, as the header `Host` has it."""
        return host_and_port(self.host, self.port)


def read_address(text: str) -> GrpcAddress | RestAddress:
    """Read an address.

    Raises:
        InvalidArgumentError: It is none.
    """
    scheme, separator, rest = text.partition("://")
    try:
        if separator and scheme in _PORTS:
            return _rest_address(scheme, rest)
        if separator and scheme in {"grpc", "grpcs"}:
            return GrpcAddress(_target(rest.removesuffix("/")), is_secure=scheme == "grpcs")
        return GrpcAddress(_target(text))
    except InvalidArgumentError:
        forms = "HOST:PORT, HOST or [IPV6]:PORT for gRPC, http://HOST:PORT for REST"
        raise InvalidArgumentError(f"address: expected {forms}, got {text!r}") from None


def _target(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    if colon and rest and scheme in _OF_GRPC and not re.search(r"\s", rest):
        return text
    host, port = read_host_and_port(text)
    return host_and_port(host, port or GRPC_PORT)


def _rest_address(scheme: str, rest: str) -> RestAddress:
    authority, _, path = rest.partition("/")
    if re.search(r"[\s?#]", path):
        raise InvalidArgumentError("a path has none of these")
    host, port = read_host_and_port(authority)
    prefix = f"/{path}".rstrip("/")
    return RestAddress(host, port or _PORTS[scheme], prefix, is_secure=scheme == "https")
