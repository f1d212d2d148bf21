"""`--grpc_channel_arguments`: the arguments of gRPC's C++ library that mean something here, and those that do not.

One table says what becomes of each; parsing, warnings and the reference page come from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from salver.boundary import GrpcOptions

_MAX = 2**31 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_MILLIS = 1e-3


@dataclass(frozen=True)
class ChannelArgument:
    """An argument that is honoured: it sets one field of `GrpcOptions`."""

    field: str
    help: str
    minimum: int = 1
    maximum: int = _MAX
    unlimited: int | None = None
    """The value that means no limit, in gRPC's own terms."""

    @property
    def is_time(self) -> bool:
        """Whether it is in milliseconds, the field in seconds."""
        return self.field.endswith("_s")


def _limit(field: str, help: str, minimum: int = 1) -> ChannelArgument:
    return ChannelArgument(field, help, minimum=minimum, unlimited=_MAX)


def _size(field: str, help: str) -> ChannelArgument:
    return ChannelArgument(field, help, minimum=-1, unlimited=-1)


HONOURED: Final[Mapping[str, ChannelArgument]] = MappingProxyType(
    {
        "grpc.max_concurrent_streams": ChannelArgument(
            "max_concurrent_streams", "Calls that one connection may have open."
        ),
        "grpc.max_receive_message_length": _size(
            "max_receive_bytes", "Largest request message in bytes. -1 leaves it to --max_message_bytes."
        ),
        "grpc.max_send_message_length": _size("max_send_bytes", "Largest answer to a unary call in bytes. -1: any."),
        "grpc.max_metadata_size": ChannelArgument("max_metadata_bytes", "Metadata of one call in bytes."),
        "grpc.keepalive_time_ms": _limit("keepalive_interval_s", "Time between two pings to a client."),
        "grpc.keepalive_timeout_ms": ChannelArgument(
            "keepalive_timeout_s", "A client that has not answered a ping by then is cut off."
        ),
        "grpc.max_connection_idle_ms": _limit("max_idle_s", "A connection without calls for so long is closed."),
        "grpc.max_connection_age_ms": _limit("max_age_s", "A connection is told to go after this time (+-10 %)."),
        "grpc.max_connection_age_grace_ms": _limit("max_age_grace_s", "What its open calls have left then.", 0),
        "grpc.server_handshake_timeout_ms": ChannelArgument("handshake_timeout_s", "Limit of a TLS handshake."),
        "grpc.http2.max_frame_size": ChannelArgument(
            "max_frame_bytes", "Longest HTTP/2 frame read, in bytes.", minimum=1 << 14, maximum=(1 << 24) - 1
        ),
        "grpc.http2.lookahead_bytes": ChannelArgument(
            "stream_window_bytes", "Bytes that a client may send on a call before they are read."
        ),
        "grpc.http2.write_buffer_size": ChannelArgument("send_buffer_bytes", "Bytes of one call that wait to be sent."),
        "grpc.so_reuseport": ChannelArgument(
            "reuse_port", "1: other processes may listen on the same port.", minimum=0, maximum=1
        ),
    }
)
"""Arguments that do here what they do there."""

_ALWAYS_ANSWERED = "pings of clients are always answered"
_AS_REQUEST = "an answer is compressed as its request was"
WITHOUT_EFFECT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "grpc.keepalive_permit_without_calls": "idle connections are pinged, too",
        "grpc.http2.max_pings_without_data": "pings are not counted",
        "grpc.http2.max_ping_strikes": _ALWAYS_ANSWERED,
        "grpc.http2.min_ping_interval_without_data_ms": _ALWAYS_ANSWERED,
        "grpc.http2.min_recv_ping_interval_without_data_ms": _ALWAYS_ANSWERED,
        "grpc.http2.bdp_probe": "windows are large from the start",
        "grpc.absolute_max_metadata_size": "grpc.max_metadata_size is the one limit",
        "grpc.default_compression_algorithm": _AS_REQUEST,
        "grpc.default_compression_level": _AS_REQUEST,
        "grpc.compression_enabled_algorithms_bitset": "gzip and deflate are always read",
        "grpc.optimization_target": "there is one way of working",
        "grpc.resource_quota": "requests hold no threads",
    }
)
"""Known arguments that change nothing, and why."""


@dataclass(frozen=True)
class ChannelArguments:
    """What the flag said."""

    options: GrpcOptions
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse_channel_arguments(text: str) -> ChannelArguments:
    """Read `name=value,name=value`; the last of several values of a name wins."""
    fields: dict[str, float | bool | None] = {}
    problems, idle = [], []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals or not name:
            problems.append(f"--grpc_channel_arguments: expected name=value, got {entry!r}")
        elif name not in HONOURED:
            idle.append(f"{name} ({WITHOUT_EFFECT.get(name, 'not known to this server')})")
        else:
            try:
                fields[HONOURED[name].field] = _field_value(HONOURED[name], value)
            except ValueError as error:
                problems.append(f"--grpc_channel_arguments: {name}: {error}")
    warnings = [f"--grpc_channel_arguments without effect: {'; '.join(idle)}"] if idle else []
    return ChannelArguments(GrpcOptions(**fields), tuple(problems), tuple(warnings))  # type: ignore[arg-type]  # by table


def _field_value(argument: ChannelArgument, text: str) -> float | bool | None:
    number = int(text) if _INTEGER.fullmatch(text) else None
    if number is None or not argument.minimum <= number <= argument.maximum:
        raise ValueError(f"expected a whole number from {argument.minimum} to {argument.maximum}, got {text!r}")
    if number == argument.unlimited:
        return None
    if argument.field == "reuse_port":
        return bool(number)
    return number * _MILLIS if argument.is_time else number


def reference_page() -> str:
    """The text of docs/grpc-channel-arguments.md."""
    return "\n".join([_INTRODUCTION, *_rows()]) + "\n"


def _rows() -> Iterator[str]:
    for name, argument in HONOURED.items():
        yield f"| `{name}` | {argument.minimum} to {argument.maximum} | {argument.help} |"
    yield from ("", "Accepted with one warning, because they have no effect:", "")
    yield from ("| Argument | Why |", "| --- | --- |")
    yield from (f"| `{name}` | {why} |" for name, why in WITHOUT_EFFECT.items())


_INTRODUCTION = """\
# Arguments of `--grpc_channel_arguments`

<!-- Written by `make docs` from python/salver/config/channel_arguments.py; do not edit. -->

`--grpc_channel_arguments=name=value,name=value` takes arguments of gRPC's C++ library, for the gRPC port and socket.
Those in the first table do what they do there; any other one gets a warning. Times are milliseconds, and 2147483647 is
no limit; an argument that is not given leaves the server's own default. An entry without `=` or with a value out of
range stops the start.

| Argument | Values | Meaning |
| --- | --- | --- |"""
