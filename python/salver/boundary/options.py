"""Settings of a data plane and of its ports."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pem:
    """PEM text, which may be a secret, and where it came from, which may be told."""

    source: str
    """Begins every error about the text."""
    text: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TlsConfig:
    """What a port proves itself with, and whom it believes."""

    certificate: Pem
    """The certificate chain, the server's own first."""
    key: Pem
    """Its private key."""
    client_ca: Pem | None = None
    """Where set, every client must show a certificate that one of these has signed."""


@dataclass(frozen=True, kw_only=True)
class GrpcOptions:
    """Settings of the gRPC port and its connections; None takes the data plane's own, or what the field says."""

    max_receive_bytes: int | None = None
    """Largest message read, where it is smaller than the limit on all bodies."""
    max_send_bytes: int | None = None
    """Largest message sent in answer to a unary call; None is no limit."""
    max_concurrent_streams: int | None = None
    """Calls that one connection may have open."""
    max_metadata_bytes: int | None = None
    """Metadata of one call."""
    max_frame_bytes: int | None = None
    """Longest HTTP/2 frame read, 16 KiB to 16 MiB - 1."""
    stream_window_bytes: int | None = None
    """Bytes that a client may send on one stream before they are read."""
    send_buffer_bytes: int | None = None
    """Bytes of one stream that wait to be sent."""
    keepalive_interval_s: float | None = None
    """Time between two pings to a client; None sends none."""
    keepalive_timeout_s: float | None = None
    """A client that does not answer a ping by then is cut off."""
    max_idle_s: float | None = None
    """A connection that had no call for so long is closed; None is no limit."""
    max_age_s: float | None = None
    """A connection is told to go after this time, give or take a tenth; None is no limit."""
    max_age_grace_s: float | None = None
    """What its open calls have left then; None is as long as they take."""
    handshake_timeout_s: float | None = None
    """A client that has not finished its TLS handshake by then is cut off."""
    reuse_port: bool = False
    """Whether other processes may listen on the same port."""


@dataclass(frozen=True, kw_only=True)
class DataPlaneOptions:
    """Settings that hold for the life of a data plane."""

    num_io_threads: int = 1
    """Threads that own sockets, one event loop each."""
    num_runners: int = 2
    """Batches that run at the same time, of native models and of Python servables each.

    One more runs where a model has none in flight: it does not wait for the slow ones. So one thread more than this
    should pull batches.
    """
    max_message_bytes: int | None = None
    """Largest request body; None is bounded by the protocols alone (2 GiB - 1)."""
    max_message_flag: str = "--max_message_bytes"
    """Named in the error for a larger body."""
    rest_timeout_s: float | None = 30.0
    """Time limit of a REST inference; None is no limit."""
    tensor_content: bool = False
    """Whether Predict answers carry `tensor_content` rather than typed fields."""
    rest_cors: bool = False
    """Whether web pages of other origins may use the REST API."""
    min_gzip_bytes: int | None = 1024
    """REST bodies from this size on are compressed for clients that take it; None compresses none."""
    grpc: GrpcOptions = field(default_factory=GrpcOptions)
    """What concerns gRPC alone."""
    check_methods: bool = False
    """Whether a signature's method must fit what is asked of it: predict, classify or regress."""
    access_log: bool = False
    """Whether every inference is told of by `next_journal_entries`."""
    trace_sampling_ratio: float | None = None
    """The part of requests without a trace that begin one, 0 to 1. None traces none; 0 those whose caller does."""
