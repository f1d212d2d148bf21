"""Where a server is, and which protocol is spoken there.

`HOST:PORT`, `grpc://HOST:PORT`, `grpcs://...` and every target that gRPC knows (`dns:///...`, `unix:...`) mean gRPC,
`http://HOST:PORT` and `https://...` REST.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from salver.errors import InvalidArgumentError

_PORTS = {"http": 80, "https": 443}


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
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def read_address(text: str) -> GrpcAddress | RestAddress:
    """Read an address.

    Raises:
        InvalidArgumentError: It is none.
    """
    scheme, separator, rest = text.partition("://")
    if not text or any(character.isspace() for character in text):
        raise InvalidArgumentError(f"address: expected HOST:PORT or http://HOST:PORT, got {text!r}")
    if separator and scheme in _PORTS:
        return _rest_address(text)
    if separator and scheme in {"grpc", "grpcs"}:
        return GrpcAddress(_target(rest, text), is_secure=scheme == "grpcs")
    return GrpcAddress(_target(text, text))


def _target(target: str, text: str) -> str:
    if ":" not in target:
        raise InvalidArgumentError(f"address: expected HOST:PORT or http://HOST:PORT, got {text!r}")
    return target


def _rest_address(text: str) -> RestAddress:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise InvalidArgumentError(f"address: expected http://HOST:PORT, got {text!r}")
    return RestAddress(host, port or _PORTS[parts.scheme], parts.path.rstrip("/"), is_secure=parts.scheme == "https")
