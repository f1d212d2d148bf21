"""Hosts and ports as people write them: read in one way by every command and by the client."""

from __future__ import annotations

import ipaddress
import re

from salver.errors import InvalidArgumentError

GRPC_PORT = 8500
"""Where a server speaks gRPC unless it is told otherwise."""
_FORM = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^\s\[\]:/@?#,]+))(?::(?P<port>[0-9]{1,5}))?")


def read_host_and_port(text: str) -> tuple[str, int | None]:
    """Read HOST:PORT, HOST, [IPV6]:PORT, [IPV6] or IPV6; the host has no brackets, and a port that is missing is None.

    Raises:
        InvalidArgumentError: It is none of them.
    """
    if _is_ipv6(text):  # with a port it would need brackets: all of it is the address
        return text, None
    found = _FORM.fullmatch(text)
    if found is not None and _is_host(found["host"], found["ipv6"]):
        port = None if found["port"] is None else int(found["port"])
        if port is None or 0 < port < 65536:
            return found["host"] or found["ipv6"], port
    raise InvalidArgumentError(f"expected HOST:PORT, HOST or [IPV6]:PORT, got {text!r}")


def host_and_port(host: str, port: int) -> str:
    """Write both as people do."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_host(host: str | None, ipv6: str | None) -> bool:
    if host is None:
        return _is_ipv6(ipv6 or "")
    return not host.isdigit()  # a port alone: the system would take it for 0.0.33.53


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
