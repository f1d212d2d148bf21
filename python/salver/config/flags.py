"""The one table of the server's flags: help text, documentation, parsing and environment variables come from it.

Names, types and defaults of the flags that TensorFlow Serving's `tensorflow_model_server` has are as there, so its
start scripts work as they are. Each flag says whether it is honoured; none is ignored in silence: see `Effect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from salver.config.flag import Effect, Flag, FlagValue
from salver.config.server_config import AspiredVersionPolicyName, LogFormat

INT32_MAX: Final = 2**31 - 1
INT64_MAX: Final = 2**63 - 1
MAX_PORT: Final = 65535

LISTEN: Final = "Where the server listens"
MODELS: Final = "What to serve"
LOADING: Final = "Finding and loading versions"
RUNNING: Final = "Running models"
OPERATING: Final = "Logs, configuration and stopping"


_HONOURED = (
    Flag(
        name="port",
        default=8500,
        group=LISTEN,
        minimum=0,
        maximum=MAX_PORT,
        help="TCP port of gRPC. 0 opens none.",
    ),
    Flag(
        name="rest_api_port",
        default=0,
        group=LISTEN,
        minimum=0,
        maximum=MAX_PORT,
        help="TCP port of HTTP/REST. 0 opens none.",
    ),
    Flag(
        name="admin_port",
        default=8502,
        group=LISTEN,
        minimum=0,
        maximum=MAX_PORT,
        help="TCP port for operators: probes, metrics, `salver ctl`. Open from the first moment of a start to the end "
        "of a drain. 0 opens none; without this flag the server goes on, with a warning, where the default is taken.",
    ),
    Flag(
        name="admin_host",
        default="127.0.0.1",
        group=LISTEN,
        help="Address that --admin_port is opened on. It is neither encrypted nor asks who is there.",
    ),
    Flag(
        name="admin_host_names",
        default="",
        group=LISTEN,
        help="Names by which browsers may reach --admin_port, beside localhost, that of the machine and addresses, "
        "separated by commas: those of a proxy before the console.",
    ),
    Flag(
        name="host",
        default="0.0.0.0",  # noqa: S104  # a server in a container must be reachable from outside of it
        group=LISTEN,
        help="Address that --port and --rest_api_port are opened on.",
    ),
    Flag(
        name="grpc_socket_path",
        default="",
        group=LISTEN,
        help="Unix socket to open for gRPC, beside --port or, with --port=0, instead of it.",
    ),
    Flag(
        name="grpc_channel_arguments",
        default="",
        group=LISTEN,
        help="Limits of gRPC connections as name=value,name=value; docs/grpc-channel-arguments.md lists them.",
    ),
    Flag(
        name="ssl_config_file",
        default="",
        group=LISTEN,
        help="File with an SSLConfig in protobuf text format (PEM inside): TLS for gRPC, port and socket. "
        "Read again when it changes, as are all TLS files.",
    ),
    Flag(
        name="ssl_cert_file",
        default="",
        group=LISTEN,
        help="PEM file with the certificate chain of gRPC, instead of --ssl_config_file; needs --ssl_key_file.",
    ),
    Flag(
        name="ssl_key_file",
        default="",
        group=LISTEN,
        help="PEM file with the private key of --ssl_cert_file, unencrypted.",
    ),
    Flag(
        name="ssl_client_ca_file",
        default="",
        group=LISTEN,
        help="PEM file with the authorities that client certificates must come from. Without it clients need none.",
    ),
    Flag(
        name="rest_api_use_tls",
        default=False,
        group=LISTEN,
        help="REST has TLS with the credentials of gRPC. Without it, and without --rest_api_ssl_config_file, "
        "REST stays in the clear, as load balancers' probes expect it.",
    ),
    Flag(
        name="rest_api_ssl_config_file",
        default="",
        group=LISTEN,
        help="File with an SSLConfig of its own for REST, for example one that asks for no client certificate.",
    ),
    Flag(
        name="rest_api_enable_cors_support",
        default=False,
        group=LISTEN,
        help="Let web pages of any origin use the REST API (CORS headers on every answer under /v1/).",
    ),
    Flag(
        name="rest_api_gzip_min_bytes",
        default=1024,
        group=LISTEN,
        minimum=0,
        maximum=INT32_MAX,
        help="REST answers from this size on are compressed for clients that accept gzip. 0 compresses none.",
    ),
    Flag(
        name="rest_api_timeout_in_ms",
        default=30000,
        group=LISTEN,
        maximum=INT32_MAX,
        help="Time limit in milliseconds of an inference that came by REST. 0 or less is no limit.",
    ),
    Flag(
        name="max_message_bytes",
        default=0,
        group=LISTEN,
        minimum=0,
        maximum=INT32_MAX,
        help="Largest request body accepted, gRPC and REST. 0 leaves it to the protocols (2 GiB - 1).",
    ),
    Flag(
        name="enable_serialization_as_tensor_content",
        default=False,
        group=LISTEN,
        help="Answer Predict with tensors as packed bytes (tensor_content) rather than typed fields.",
    ),
    Flag(
        name="model_name",
        default="default",
        group=MODELS,
        help="Name of the model, with --model_base_path. Ignored with --model_config_file.",
    ),
    Flag(
        name="model_base_path",
        default="",
        group=MODELS,
        help="Directory, absolute path or URI, that holds the version directories of the one model to serve. "
        "Ignored with --model_config_file.",
    ),
    Flag(
        name="model_config_file",
        default="",
        group=MODELS,
        help="File with a ModelServerConfig in protobuf text format: the models to serve.",
    ),
    Flag(
        name="model_config_file_poll_wait_seconds",
        default=0,
        group=MODELS,
        maximum=INT32_MAX,
        help="Seconds between two looks at --model_config_file, which is applied again whenever it has changed. "
        "0 or less reads it once, at start.",
    ),
    Flag(
        name="allow_version_labels_for_unavailable_models",
        default=False,
        group=MODELS,
        help="Let a label that a served model did not have name a version that is neither there nor loading. Labels "
        "that come with a new model, or name a version that is loading, need no leave.",
    ),
    Flag(
        name="file_system_poll_wait_seconds",
        default=1,
        group=LOADING,
        maximum=INT32_MAX,
        help="Seconds between two looks for new versions. 0 looks once at start; a negative number never looks.",
    ),
    Flag(
        name="num_load_threads",
        default=0,
        group=LOADING,
        minimum=0,
        maximum=INT32_MAX,
        help="Loads that may run at the same time. 0 lets the server choose.",
    ),
    Flag(
        name="num_unload_threads",
        default=0,
        group=LOADING,
        minimum=0,
        maximum=INT32_MAX,
        help="Unloads that may run at the same time. 0 lets the server choose.",
    ),
    Flag(
        name="max_num_load_retries",
        default=-1,
        group=LOADING,
        minimum=-1,
        maximum=INT32_MAX,
        help="Attempts to load a version after the first one failed. -1 keeps trying, with growing pauses.",
    ),
    Flag(
        name="load_retry_interval_micros",
        default=60_000_000,
        group=LOADING,
        maximum=INT64_MAX,
        help="Longest pause in microseconds between two attempts to load a version. 0 or less is none.",
    ),
    Flag(
        name="flush_filesystem_caches",
        default=True,
        group=LOADING,
        help="Drop the files of a version from the page cache once it is loaded (Linux only).",
    ),
    Flag(
        name="aspired_version_policy",
        default=AspiredVersionPolicyName.AVAILABILITY_PRESERVING.value,
        group=LOADING,
        choices=tuple(AspiredVersionPolicyName),
        help="Load the new version before the old one goes (availability_preserving, needs memory for both), or "
        "unload the old one first (resource_preserving, serves none in between).",
    ),
    Flag(
        name="total_model_memory_limit_bytes",
        default=0,
        group=LOADING,
        minimum=0,
        maximum=INT64_MAX,
        help="Estimated memory that all loaded versions may take together. 0 is no limit.",
    ),
    Flag(
        name="serve_while_loading",
        default=False,
        group=LOADING,
        help="Open the ports at once. Without it they open when every model is available or has failed once.",
    ),
    Flag(
        name="enable_model_warmup",
        default=True,
        group=LOADING,
        help="Replay the warm-up files of a version before it serves.",
    ),
    Flag(
        name="warmup_dir",
        default="",
        group=LOADING,
        help="Folder with MODEL.tfrecord, MODEL.json or MODEL.npz: requests that each version of MODEL replays before "
        "it serves, after its own. A model without such a file replays its own alone.",
    ),
    Flag(
        name="num_request_iterations_for_warmup",
        default=0,
        group=LOADING,
        maximum=INT32_MAX,
        help="Times that each warm-up record is replayed. 0 or less is once.",
    ),
    Flag(
        name="saved_model_tags",
        default="serve",
        group=RUNNING,
        help="Comma-separated tags that select the MetaGraph of a SavedModel; all must match.",
    ),
    Flag(
        name="tensorflow_session_parallelism",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=INT32_MAX,
        help="Sets both of the next two. 0 lets TensorFlow choose.",
    ),
    Flag(
        name="tensorflow_intra_op_parallelism",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=INT32_MAX,
        help="Threads for one TensorFlow operation. 0 lets TensorFlow choose.",
    ),
    Flag(
        name="tensorflow_inter_op_parallelism",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=INT32_MAX,
        help="TensorFlow operations that may run at the same time. 0 lets TensorFlow choose.",
    ),
    Flag(
        name="tensorflow_session_config_file",
        default="",
        group=RUNNING,
        help="File with a ConfigProto in protobuf text format: session options. The flags for threads and GPU memory "
        "go before it, where they are given.",
    ),
    Flag(
        name="per_process_gpu_memory_fraction",
        default=0.0,
        group=RUNNING,
        minimum=0,
        maximum=1,
        help="Part of each GPU's memory that TensorFlow takes at its start. 0 lets it choose.",
    ),
    Flag(
        name="mixed_precision",
        default="",
        group=RUNNING,
        help="bfloat16 lets TensorFlow compute in that type where it is faster. Others have no effect.",
    ),
    Flag(
        name="platform_config_file",
        default="",
        group=RUNNING,
        help="File with a PlatformConfigMap in protobuf text format: TensorFlow platforms by name, which models choose "
        "by model_platform. The flags for how models are opened, batched and warmed up do not hold for them.",
    ),
    Flag(
        name="custom_op_libraries",
        default="",
        group=RUNNING,
        help="Comma-separated paths of shared libraries with TensorFlow operations, opened before any model is loaded.",
    ),
    Flag(
        name="enable_signature_method_name_check",
        default=False,
        group=RUNNING,
        help="Refuse a request whose signature is of another method than its call (predict, classify, regress).",
    ),
    Flag(
        name="prefer_tflite_model",
        default=False,
        group=RUNNING,
        help="Run model.tflite of a version directory that holds one, in place of the SavedModel.",
    ),
    Flag(
        name="num_tflite_pools",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=1024,
        help="Interpreter pools of each version of a TFLite model. 0 takes one per CPU.",
    ),
    Flag(
        name="num_tflite_interpreters_per_pool",
        default=1,
        group=RUNNING,
        minimum=1,
        maximum=1024,
        help="Interpreters in each pool; more than one also joins requests along the first dimension (up to 500 rows).",
    ),
    Flag(
        name="enable_batching",
        default=False,
        group=RUNNING,
        help="Join requests to the same signature along their first dimension. Without --batching_parameters_file, "
        "sizes are learnt while serving.",
    ),
    Flag(
        name="batching_parameters_file",
        default="",
        group=RUNNING,
        help="File with BatchingParameters in protobuf text format, with --enable_batching: how requests are "
        "joined, for all models and for single ones. Its num_batch_threads is the number of runners unless "
        "--num_runners is given.",
    ),
    Flag(
        name="batching_parameters_poll_wait_seconds",
        default=5,
        group=RUNNING,
        maximum=INT32_MAX,
        help="Seconds between two looks at --batching_parameters_file and at each batching_params.pbtxt; what "
        "has changed holds for the models that serve. 0 or less reads them once; a reload request looks at them, too.",
    ),
    Flag(
        name="enable_per_model_batching_parameters",
        default=False,
        group=RUNNING,
        help="With --enable_batching, take the parameters of each version from batching_params.pbtxt in its directory; "
        "a version without that file is not batched.",
    ),
    Flag(
        name="num_io_threads",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=1024,
        help="Threads that own sockets. 0 takes one for every four CPUs.",
    ),
    Flag(
        name="num_runners",
        default=0,
        group=RUNNING,
        minimum=0,
        maximum=1024,
        help="Threads that run models. 0 takes one per CPU.",
    ),
    Flag(
        name="config_file",
        default="",
        group=OPERATING,
        help="TOML file that sets flags by name. The environment and the command line override it.",
    ),
    Flag(
        name="monitoring_config_file",
        default="",
        group=OPERATING,
        help="File with a MonitoringConfig in protobuf text format: whether the REST port has a page of metrics, and "
        "its path. Without it there is one.",
    ),
    Flag(
        name="request_log_dc",
        default="",
        group=OPERATING,
        help="Data centre of this server, for the per-task sampling rates of a model's logging_config.",
    ),
    Flag(
        name="request_log_task_index",
        default=-1,
        group=OPERATING,
        minimum=-1,
        maximum=INT32_MAX,
        help="Number of this server, for the per-task sampling rates of a model's logging_config. -1 is none.",
    ),
    Flag(
        name="request_log_max_file_bytes",
        default=64 << 20,
        group=OPERATING,
        minimum=1,
        maximum=INT64_MAX,
        help="Size at which a file of a request log is finished and the next one begun.",
    ),
    Flag(
        name="request_log_max_file_seconds",
        default=3600.0,
        group=OPERATING,
        minimum=0.001,
        help="Time after its first record at which a file of a request log is finished and the next one begun.",
    ),
    Flag(
        name="drain_timeout_seconds",
        default=20.0,
        group=OPERATING,
        minimum=0,
        help="Longest wait for accepted requests after SIGTERM or SIGINT.",
    ),
    Flag(
        name="log_format",
        default=LogFormat.HUMAN.value,
        group=OPERATING,
        choices=tuple(LogFormat),
        help="Log lines on stderr as text (human) or one JSON object each (json).",
    ),
    Flag(
        name="log_level",
        default="info",
        group=OPERATING,
        choices=("debug", "info", "warning", "error"),
        help="Least severe log lines that are written; debug adds tracebacks.",
    ),
    Flag(
        name="access_log",
        default=False,
        group=OPERATING,
        help="Log a line for each inference request, in the form of --log_format and whatever --log_level says.",
    ),
    Flag(
        name="trace_sampling_ratio",
        default=-1.0,
        group=OPERATING,
        maximum=1,
        help="The part of inference requests that are traced, from 0 to 1, by OpenTelemetry (the extra otel). A "
        "request that comes with a trace is traced if its caller records it, whatever the ratio. Negative traces none.",
    ),
    Flag(
        name="otlp_endpoint",
        default="",
        group=OPERATING,
        help="Collector that traces are sent to by OTLP over HTTP, such as http://localhost:4318. Empty takes the "
        "standard variable OTEL_EXPORTER_OTLP_ENDPOINT and its like.",
    ),
)


def _inert(name: str, default: FlagValue, actual: FlagValue, help: str) -> Flag:
    return Flag(name=name, default=default, actual=actual, help=help, group="", effect=Effect.INERT)


def _refused(name: str, default: FlagValue, help: str) -> Flag:
    return Flag(name=name, default=default, actual=default, help=help, group="", effect=Effect.REFUSED)


# `actual` differs from `default` where the reference and this server behave differently without the flag.
_NOT_HONOURED = (
    _refused("use_alts_credentials", False, "ALTS is not available, and serving in the clear instead would be unsafe."),
    _inert("grpc_max_threads", 0, 0, "Requests hold no thread, so there is no such limit."),
    _inert("rest_api_num_threads", 0, 0, "Requests hold no thread, so there is no such limit."),
    _inert("enable_grpc_healthcheck_service", False, True, "The health service is always on."),
    _inert("enable_profiler", True, False, "There is no profiler service yet."),
    _inert("remove_unused_fields_from_bundle_metagraph", True, True, "Only signatures are kept, always."),
    _inert("xla_cpu_compilation_enabled", False, True, "Functions that were saved to be compiled by XLA always are."),
    _inert("xla_gpu_compilation_enabled", False, True, "Functions that were saved to be compiled by XLA always are."),
    _inert("skip_initialize_tpu", False, False, "TPUs are not supported, so none is initialized."),
    _inert("thread_pool_factory_config_file", "", "", "No kinds of thread pools are there to choose from."),
)

FLAGS: Final[Mapping[str, Flag]] = MappingProxyType({flag.name: flag for flag in (*_HONOURED, *_NOT_HONOURED)})
"""Every flag by name, honoured ones first, in the order of the help text."""
