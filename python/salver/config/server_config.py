"""What a server is told before it starts, as plain values.

A `ServerConfig` is built once (by `salver.cli` from flags, environment and files, or by a program that embeds the
server), checked whole, then handed down in parts. Nothing below the composition root reads flags, files or the
environment.

Fields marked *live* may change while the server runs: `Server.apply_models` takes them from new model configs. All
others hold for the life of the process.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from salver.boundary import GrpcOptions
from salver.config.batching_parameters import BatchingParameters
from salver.config.tls import TlsSource
from salver.sources.version_policy import Latest, VersionPolicy


class AspiredVersionPolicyName(enum.StrEnum):
    """Which version policy orders loads and unloads."""

    AVAILABILITY_PRESERVING = "availability_preserving"
    """Load the new version before the old one goes: needs the memory of both."""
    RESOURCE_PRESERVING = "resource_preserving"
    """Unload the old version before the new one is loaded: needs the memory of one, and serves none in between."""


class LogFormat(enum.StrEnum):
    """How log lines look."""

    HUMAN = "human"
    """One line of text per event, for a terminal."""
    JSON = "json"
    """One JSON object per line, for a collector."""


@dataclass(frozen=True, kw_only=True)
class TaskSamplingRate:
    """A sampling rate of its own for the servers that it matches."""

    sampling_rate: float
    """Part of the requests that is logged, from 0 to 1."""
    dc: str = ""
    """Data centre it is meant for; empty is any."""
    task_index: int | None = None
    """Number of the server it is meant for; None is any."""


@dataclass(frozen=True, kw_only=True)
class RequestLoggingConfig:
    """Which requests to a model are logged, and where."""

    collector_type: str
    """Kind of the collector that takes the records; empty is the default one."""
    filename_prefix: str = ""
    """Beginning of the names of its files."""
    sampling_rate: float = 0.0
    """Part of the requests that is logged, from 0 to 1, where no task's rate matches."""
    sampling_attributes: int = 0
    """Bits that are passed on in each record; see SamplingConfig.Attributes of the wire."""
    task_rates: tuple[TaskSamplingRate, ...] = ()
    """The first that matches goes before `sampling_rate`."""


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """One model: a servable stream with the directory that its versions come from."""

    name: str
    """Name in requests; unique in a server. Live: a new name adds a model, a missing one removes it."""
    base_path: str
    """Directory (absolute) or URI that holds the version directories. Live."""
    platform: str = "tensorflow"
    """Name of the loader that reads the versions. Fixed while a model of this name is served."""
    version_policy: VersionPolicy = field(default_factory=Latest)
    """Which of the versions found are to be served. Live."""
    version_labels: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Label to version number; a label may name a version that is still loading. Live."""
    aspired_version_policy: AspiredVersionPolicyName | None = None
    """Order of its loads and unloads; None takes the server's. Live."""
    request_logging: RequestLoggingConfig | None = None
    """Which of its requests are logged; None logs none. Live."""
    policy_before_pin: VersionPolicy | None = None
    """What `version_policy` was before an operator pinned one version; None where none is pinned. Live."""


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """Everything a server needs to know. Times are seconds, sizes bytes; None means no limit or "choose for me"."""

    models: tuple[ModelConfig, ...] = ()
    """What to serve; may be empty. Live."""
    model_config_file: str | None = None
    """The file that `models` were read from."""
    model_config_file_poll_wait_s: float | None = None
    """Time between two looks at that file, which is applied again when it changes; None never looks."""
    allow_version_labels_for_unavailable_models: bool = False
    """Whether a label that a served model did not have may name a version that is neither there nor loading."""

    # Where the server listens.
    host: str = "0.0.0.0"  # noqa: S104  # a server in a container must be reachable from outside of it
    """Address that the ports of gRPC and REST are opened on."""
    grpc_port: int | None = 8500
    """TCP port of gRPC; 0 takes any free port, None opens none."""
    rest_port: int | None = None
    """TCP port of HTTP/REST; 0 takes any free port, None opens none."""
    admin_port: int | None = None
    """TCP port of the admin listener, open from before the first load to the end; 0 takes any, None opens none."""
    admin_host: str = "127.0.0.1"
    """Address that it is opened on: who reaches it may ask whatever operators ask."""
    admin_host_names: tuple[str, ...] = ()
    """Names, beside localhost and that of the machine, by which browsers may reach the admin listener."""
    is_admin_port_optional: bool = False
    """Whether the server goes on, with a warning, where that port is taken."""
    grpc_socket_path: str | None = None
    """Unix socket of gRPC, beside the port or instead of it; None opens none."""
    grpc_tls: TlsSource | None = None
    """Credentials of the gRPC port and socket, read again when their files change; None is plain text."""
    rest_tls: TlsSource | None = None
    """The same for the REST port."""
    grpc: GrpcOptions = field(default_factory=GrpcOptions)
    """Limits of gRPC connections."""
    rest_cors: bool = False
    """Whether web pages of other origins may use the REST API."""
    min_gzip_bytes: int | None = 1024
    """REST answers from this size on are compressed for clients that take it; None compresses none."""
    max_message_bytes: int | None = None
    """Largest request body accepted; None is bounded by the protocols alone (2 GiB - 1)."""
    rest_timeout_s: float | None = 30.0
    """Time limit of an inference that came by REST; None is no limit."""
    enable_serialization_as_tensor_content: bool = False
    """Whether Predict answers carry tensors as packed bytes rather than typed fields."""

    # Finding and loading versions.
    file_system_poll_wait_s: float = 1.0
    """Time between two looks at the base paths; 0 looks once at start, a negative number never looks."""
    aspired_version_policy: AspiredVersionPolicyName = AspiredVersionPolicyName.AVAILABILITY_PRESERVING
    """Order of loads and unloads while a model moves from one version to another."""
    num_load_threads: int | None = None
    """Loads that may run at the same time; None lets the server choose."""
    num_unload_threads: int | None = None
    """Unloads that may run at the same time; None lets the server choose."""
    max_num_load_retries: int | None = None
    """Attempts after the first failed one, for each version; None keeps trying, with growing pauses."""
    load_retry_interval_s: float = 60.0
    """Longest pause between two attempts to load a version; 0 is none."""
    total_model_memory_limit_bytes: int | None = None
    """Estimated memory that all loaded versions may take together; None is no limit."""
    serve_while_loading: bool = False
    """Whether the ports open at once; otherwise when every configured model is available or has failed once."""

    # Running models.
    saved_model_tags: tuple[str, ...] = ("serve",)
    """Tags that select the MetaGraph of a SavedModel; all must match."""
    tensorflow_intra_op_threads: int | None = None
    """Threads for one TensorFlow operation; None lets TensorFlow choose."""
    tensorflow_inter_op_threads: int | None = None
    """TensorFlow operations that may run at the same time; None lets TensorFlow choose."""
    tensorflow_session_config: bytes = b""
    """A serialized ConfigProto that the fields above are laid over; empty is the default one."""
    check_signature_methods: bool = False
    """Whether a request's signature must be of the method that its call is for."""
    custom_op_libraries: tuple[str, ...] = ()
    """Shared libraries with operations for TensorFlow, opened in this order before any model is loaded."""
    prefer_tflite: bool = False
    """Whether a version that holds model.tflite runs that instead of its SavedModel."""
    num_tflite_pools: int | None = None
    """Interpreter pools of each version of a TFLite model; None takes one per CPU."""
    num_tflite_interpreters_per_pool: int = 1
    """Interpreters in each pool; more than one also joins requests along the first dimension, up to 500 rows."""
    enable_batching: bool = False
    """Whether requests to the same signature are joined along the first dimension."""
    batching: BatchingParameters = field(default_factory=BatchingParameters)
    """How, where they are joined. Live, through the file."""
    batching_parameters_file: str | None = None
    """The file that `batching` was read from."""
    batching_parameters_poll_wait_s: float | None = 5.0
    """Time between two looks at the files of batching parameters, which are applied again when they change; None never
    looks."""
    enable_per_model_batching: bool = False
    """Whether each version brings its own parameters (`batching_params.pbtxt`); one without is not batched."""
    tensorflow_platforms: Mapping[str, ServerConfig] | None = field(default=None, hash=False)
    """What holds for the models of each TensorFlow platform in place of this; None has one, with this."""
    num_io_threads: int | None = None
    """Threads that own sockets, one event loop each; None takes one for every four CPUs."""
    num_runners: int | None = None
    """Threads that run models, for native and for Python servables each; None takes one per CPU."""

    flush_filesystem_caches: bool = True
    """Whether the files of a version leave the page cache once it is loaded; Linux only."""

    # Warming up versions before they serve.
    enable_model_warmup: bool = True
    """Whether the warm-up records of a version are replayed before it serves."""
    warmup_dir: str | None = None
    """Folder with further records, `MODEL.tfrecord`, `MODEL.json` or `MODEL.npz`; None is none."""
    num_warmup_iterations: int = 1
    """Times that each record is replayed; >= 1."""
    num_warmup_threads: int = 1
    """Threads that replay the records of one version; >= 1."""

    # Request logging, for models that ask for it.
    request_log_dc: str = ""
    """Data centre of this server, for sampling rates that are meant for one; empty is none."""
    request_log_task_index: int | None = None
    """Number of this server, for sampling rates that are meant for one; None is none."""
    request_log_max_file_bytes: int = 64 << 20
    """Size at which a file is finished and the next one begun; > 0."""
    request_log_max_file_s: float = 3600.0
    """Time after its first record at which a file is finished and the next one begun; > 0."""

    # Stopping and telling.
    metrics_enabled: bool = True
    """Whether the REST port has a page of metrics."""
    metrics_path: str = "/monitoring/prometheus/metrics"
    """Path of that page; begins with a slash."""
    drain_timeout_s: float = 20.0
    """Longest wait for accepted requests after SIGTERM or SIGINT; >= 0."""
    log_format: LogFormat = LogFormat.HUMAN
    """Form of the log lines on stderr."""
    access_log: bool = False
    """Whether a line is logged for each inference request."""
    trace_sampling_ratio: float | None = None
    """The part of requests without a trace that begin one, 0 to 1. None traces none; 0 those whose callers do."""
    otlp_endpoint: str = ""
    """Base URL of the collector that traces are sent to; empty takes that of the environment."""
