"""What Python and the data plane say to each other, as types without code behind them.

The data plane owns sockets, codecs, the serving table and the scheduler. Python publishes to it (`publish`,
`publish_health`) and pulls from it (`next_batch` for Python servables, `next_call` for everything that is not
inference). It never calls Python.

Two sides implement these types: `salver.dataplane` over the extension, and `salver.testing.fake_dataplane` in Python
alone. Nothing here imports the extension, so whatever needs only the types can be used and tested without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = [
    "UNBATCHED",
    "Batch",
    "BatchSizeCount",
    "BatchingPolicy",
    "BatchingReport",
    "ControlCall",
    "CurvePoint",
    "DataPlane",
    "DataPlaneOptions",
    "GrpcOptions",
    "LengthBuckets",
    "LogEntries",
    "LogEntry",
    "LogRule",
    "LowPriority",
    "MetricFamily",
    "ModelRow",
    "NativeModel",
    "Pem",
    "Quantiles",
    "Series",
    "Signature",
    "Simulation",
    "SimulationReport",
    "Target",
    "TargetSpec",
    "TensorFlowOptions",
    "TensorFlowRuntime",
    "TensorInfo",
    "TlsConfig",
]


@dataclass(frozen=True)
class TensorInfo:
    """One named input or output of a signature."""

    name: str
    dtype: int
    """Element type as its wire number."""
    shape: tuple[int, ...] | None
    """Dimensions, -1 where unknown; None where the rank is unknown."""


@dataclass(frozen=True)
class Signature:
    """A callable of a servable: its inputs and outputs, sorted by name."""

    name: str
    method: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


class NativeModel(Protocol):
    """A loaded model that runs without Python. Freed when the last reference goes."""

    @property
    def signature_def_map(self) -> bytes:
        """The serialized SignatureDefMap of the model."""

    def run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Run one signature in the caller's thread, without the GIL."""

    def close(self) -> None:
        """Let go of the model; it is freed once no request runs in it. Idempotent."""


@dataclass(frozen=True, kw_only=True)
class TensorFlowOptions:
    """How a SavedModel is opened and run."""

    tags: tuple[str, ...] = ("serve",)
    """Tag set of the MetaGraph, which must have exactly these."""
    intra_op_threads: int | None = None
    """Threads for one operation; None lets TensorFlow choose."""
    inter_op_threads: int | None = None
    """Operations that may run at the same time; None lets TensorFlow choose."""
    run_in_caller: bool | None = None
    """Whether operations run in the thread that runs the batch rather than on TensorFlow's pool; None: as measured."""
    session_config: bytes = b""
    """A serialized ConfigProto that the fields above are laid over; empty is the default one."""


class TensorFlowRuntime(Protocol):
    """TensorFlow's C libraries, opened once per process."""

    @property
    def version(self) -> str:
        """Version of the libraries."""

    def load_library(self, path: str) -> None:
        """Register the operations of a custom-op library."""

    def load(self, directory: str, options: TensorFlowOptions) -> NativeModel:
        """Load the SavedModel in `directory`, without the GIL; raises a SalverError."""


class Target(Protocol):
    """One servable version as the serving table knows it; requests pin it."""

    @property
    def num_pins(self) -> int:
        """Requests that hold this version now."""

    def wait_until_released(self, timeout_s: float | None) -> bool:
        """Wait, without the GIL, until no request holds it; False when the time ran out, None waits for ever."""

    def set_batching(self, policy: BatchingPolicy) -> None:
        """Join requests by this policy from now on; those that wait already keep the one they came under."""


@dataclass(frozen=True, kw_only=True)
class LengthBuckets:
    """Requests whose length falls between the same two limits share a batch, others do not."""

    limits: tuple[int, ...]
    """Largest length of each bucket, ascending; longer ones share one more bucket."""
    signature: str = ""
    """The signature that it holds for; empty is every one."""
    input: str = ""
    """The input that is measured; empty takes the longest of all inputs that have this dimension."""
    dimension: int = 1
    """The dimension that is measured; 1 is the first after the rows."""


@dataclass(frozen=True, kw_only=True)
class LowPriority:
    """Static batching: limits of the queue for sheddable requests."""

    max_batch_size: int
    """Rows of a batch of such requests alone."""
    batch_timeout_s: float = 0.0
    """Longest wait of the first request of such a batch."""
    max_enqueued_batches: int = 10
    """Batches that may wait for a runner."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that such a batch is filled up to, ascending."""
    mixed_priority_batching_policy: Literal[
        "low_priority_padding_with_max_batch_size",
        "low_priority_padding_with_next_allowed_batch_size",
        "priority_isolation",
        "priority_merge",
    ] = "low_priority_padding_with_max_batch_size"
    """How they share batches with others."""


@dataclass(frozen=True, kw_only=True)
class BatchingPolicy:
    """How the requests to one version are joined into batches.

    Adaptive: a batch is made when a runner is free, of a size that was learnt to pay, earliest deadline first. Static:
    the rules of TensorFlow Serving, by the numbers given here.
    """

    is_adaptive: bool = True
    """Whether sizes are learnt; False takes the rules of TensorFlow Serving."""
    max_batch_size: int = 1000
    """Rows of the largest batch; 1 keeps requests apart. Static: of the largest request, too."""
    enable_large_batch_splitting: bool = False
    """Static: whether a request may be run in several batches."""
    max_execution_batch_size: int | None = None
    """Static, with splitting: rows of the largest batch; None takes `max_batch_size`."""
    batch_timeout_s: float = 0.0
    """Static: longest wait of a request for company; 0 takes what is there as soon as a runner is free."""
    max_enqueued_batches: int = 10
    """Static: batches that may wait for a runner, for each signature."""
    allowed_batch_sizes: tuple[int, ...] = ()
    """Sizes that batches are filled up to, ascending; empty leaves them as they are."""
    batch_padding_policy: Literal["PAD_UP", "BATCH_DOWN", "MINIMIZE_TPU_COST_PER_REQUEST"] = "PAD_UP"
    """Static: what is done with a batch that has none of these sizes."""
    pad_variable_length_inputs: bool = False
    """Whether inputs are filled up to the largest of the batch in all dimensions after the first."""
    length_buckets: tuple[LengthBuckets, ...] = ()
    """Which lengths may share a batch."""
    latency_slo_s: float | None = None
    """Adaptive: what 99 of 100 requests should take at most, waiting included."""
    weight: float = 1.0
    """Share of the runners' time, relative to other models; above 0."""
    max_in_flight_batches: int | None = None
    """Batches of this version that may run at the same time; None leaves it to the scheduler."""
    max_queued_rows: int = 100_000
    """Rows that may wait; beyond it a request is refused with RESOURCE_EXHAUSTED."""
    max_queued_bytes: int = 1 << 30
    """Bytes of inputs that may wait; beyond it a request is refused with RESOURCE_EXHAUSTED."""
    low_priority: LowPriority | None = None
    """Static: a queue of its own for sheddable requests."""


UNBATCHED = BatchingPolicy(max_batch_size=1)
"""Requests run one by one."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Times that half, nine in ten and 99 in 100 of the latest samples were within."""

    p50_s: float
    p90_s: float
    p99_s: float


@dataclass(frozen=True, slots=True)
class BatchSizeCount:
    """One bucket of a histogram of batch sizes."""

    max_rows: int
    """Batches of so many rows at most, and of more than the bucket before; rows that only fill up are not counted."""
    num_batches: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a run of so many rows was seen to take."""

    rows: int
    """Rows of the batch as it ran, those that fill it up included."""
    p50_s: float
    p90_s: float
    samples: int
    """Runs that this was learnt from."""


@dataclass(frozen=True, kw_only=True)
class BatchingReport:
    """What has come of batching for one signature of one version, since the version is there."""

    model: str
    version: int
    signature: str
    policy: BatchingPolicy
    """The settings in force."""
    departures: Mapping[str, int] = field(default_factory=dict)
    """Why batches left, as far as any did: `full`, `preferred_size` (a size that was learnt to pay), `idle_runner`,
    `timeout`, `deadline` (of a member), `shutdown`."""
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Why requests did not run, as far as any did not: `queue_full` (no room), `too_large`, `late` (would not have met
    their deadline), `expired` (it passed while they waited), `abandoned` (the caller had gone), `displaced` (by
    requests that matter more), `stopped`."""
    num_batches: int = 0
    """Batches that left."""
    num_requests: int = 0
    """Requests in them."""
    num_rows: int = 0
    """Rows of these requests."""
    num_padding_rows: int = 0
    """Rows that were run to fill batches up."""
    batch_sizes: tuple[BatchSizeCount, ...] = ()
    """How large the batches were, by ascending size; buckets without any may be left out."""
    wait: Quantiles | None = None
    """Time that requests waited for their batch to leave; None before the first."""
    run: Quantiles | None = None
    """Time that batches ran; None before the first."""
    num_in_flight: int = 0
    """Batches that run now."""
    num_queued_rows: int = 0
    """Rows that wait now."""
    curve: tuple[CurvePoint, ...] = ()
    """What was learnt of the time of a run, by ascending rows."""
    rows_per_s: float = 0.0
    """Rows that left per second, lately."""

    @property
    def mode(self) -> Literal["off", "adaptive", "static"]:
        """By which rules requests are joined; `off` runs them one by one."""
        if self.policy.max_batch_size <= 1:
            return "off"
        return "adaptive" if self.policy.is_adaptive else "static"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A load that is made up, and what runs it: the real scheduler, by a clock that is made up as well."""

    policy: BatchingPolicy
    curve: tuple[tuple[int, float], ...]
    """Rows and the seconds that a batch of so many runs, ascending by rows; linear in between."""
    jitter: float = 0.0
    """How much single runs differ: 0.1 spreads them evenly over 90 to 110 %."""
    num_runners: int = 1
    """Batches that can run at the same time."""
    sharing: float = 0.0
    """How much they slow each other: 0 not at all, 1 as if they took turns."""
    requests_per_s: float = 1.0
    """Mean rate of requests that come at random times, whatever becomes of those before."""
    num_clients: int | None = None
    """In place of that rate: clients of which each sends its next request when it has its answer."""
    rows_per_request: int = 1
    deadline_s: float | None = None
    """How long a request waits for its answer; None is for ever."""
    warmup_s: float = 1.0
    """Time before anything counts."""
    duration_s: float = 5.0
    """Time that counts."""
    seed: int = 0
    """Equal seeds give equal reports."""


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What came of a simulated load in the time that counts."""

    rows_per_s: float
    """Rows answered."""
    num_requests: int
    """Requests that came."""
    num_answered: int
    num_refused: int
    p50_s: float
    """From coming to answer, of what was answered."""
    p99_s: float
    mean_batch_rows: float
    departures: Mapping[str, int] = field(default_factory=dict)
    """Why batches left."""


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """What a target is made of: exactly one of `model` and `servable` is set."""

    name: str
    version: int
    signatures: tuple[Signature, ...] = ()
    """Those of a Python servable; a native model brings its own."""
    model: NativeModel | None = None
    servable: object | None = None
    """Handed back in each `Batch`; the data plane does not look at it."""
    batching: BatchingPolicy = UNBATCHED
    """How its requests are joined, until `Target.set_batching` says otherwise."""


@dataclass(frozen=True)
class ModelRow:
    """One model of the serving table."""

    name: str
    targets: Sequence[Target]
    """The versions that serve."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Label to version; a label may name a version that does not serve yet."""
    unavailable: tuple[int, str] | None = None
    """Code and message for requests while no version serves; None gives NOT_FOUND."""


@dataclass(frozen=True)
class LogRule:
    """Which requests to one model are logged, and by which logger."""

    model: str
    sampling_rate: float
    """The part of its answered requests, from 0 to 1."""
    logger: int
    """Handed back in each `LogEntry`."""
    metadata: bytes = b""
    """A serialized LogMetadata with what is the same in all records of this model."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An answered request that was chosen to be logged."""

    model: str
    logger: int
    """What `LogRule.logger` was when the request came."""
    record: bytes
    """A serialized PredictionLog."""


@dataclass(frozen=True, slots=True)
class LogEntries:
    """What one pull gives."""

    entries: Sequence[LogEntry] = ()
    """In the order in which they were answered."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """How many found no room since the last pull, by model."""


class Batch(Protocol):
    """Requests to one signature of one Python servable, joined along the first dimension.

    It ends with one `complete` or `fail`; a batch that is dropped answers INTERNAL.
    """

    @property
    def servable(self) -> object:
        """What `TargetSpec.servable` held."""

    @property
    def signature(self) -> str:
        """Key of the signature to run."""

    @property
    def num_rows(self) -> int:
        """Rows that are to be run: those of all members, and what fills the batch up to an allowed size."""

    @property
    def num_members(self) -> int:
        """Requests, or parts of split requests, in the batch."""

    @property
    def output_names(self) -> list[str]:
        """Outputs that the members want."""

    @property
    def timeout_s(self) -> float | None:
        """Time left until no member waits any more: the latest deadline, None where a member has none.

        A member whose own deadline is earlier is answered at that time, whatever becomes of the batch.
        """

    @property
    def is_cancelled(self) -> bool:
        """Whether no member waits for the answer any more."""

    @property
    def may_join(self) -> bool:
        """Whether the outputs are cut by rows: each needs `num_rows` of them.

        False where requests to this servable are not joined, and for a request that cannot be joined with others.
        """

    @property
    def is_streamed(self) -> bool:
        """Whether the caller takes the answer in parts; such a batch has one member."""

    def inputs(self) -> dict[str, Array]:
        """The joined inputs: read-only, without a copy where the wire allows it; strings as object arrays of bytes."""

    def complete(self, outputs: Mapping[str, Any]) -> None:
        """Answer with one array per output name; raises a NativeError or TypeError for arrays it cannot send."""

    def send_part(self, outputs: Mapping[str, Any]) -> bool:
        """Send one part of a streamed answer, as `complete` does; waits, without the GIL, for a caller that is behind.

        False where the caller has gone, which ends the batch.
        """

    def end_parts(self) -> None:
        """End a streamed answer after its last part."""

    def split_members(self) -> Sequence[Batch]:
        """End this batch and return one for each member that somebody still waits for; the others are answered."""

    def fail(self, code: int, message: str) -> None:
        """Answer every member with this error."""


class ControlCall(Protocol):
    """A call that is not inference, to be answered by Python: one `reply`, `reply_http` or `fail`."""

    @property
    def protocol(self) -> str:
        """`grpc`, `http` (REST port), `admin` (HTTP, admin port) or `notice`.

        A notice is a line for the operator's log, in `body`, and needs no answer.
        """

    @property
    def method(self) -> str:
        """gRPC: the full method path, `/package.Service/Method`; HTTP: the verb."""

    @property
    def path(self) -> str:
        """HTTP: the path as sent, still percent-encoded; gRPC: empty."""

    @property
    def query(self) -> str:
        """HTTP: the text after `?`, or empty."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Header or metadata pairs, names in lower case."""

    @property
    def body(self) -> bytes:
        """gRPC: one message; HTTP: the body."""

    @property
    def timeout_s(self) -> float | None:
        """Time left until the caller's deadline."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller has gone."""

    def reply(self, body: bytes) -> None:
        """gRPC: answer OK with one message."""

    def reply_http(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """HTTP: answer with this status, headers and body."""

    def fail(self, code: int, message: str) -> None:
        """Answer with this error, in the form of the call's protocol."""


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


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one metric for one set of label values."""

    labels: tuple[str, ...]
    """Values, in the order of `MetricFamily.label_names`."""
    value: int
    """The count or the present value; of a histogram the sum of its samples."""
    bucket_counts: tuple[int, ...] = ()
    """Histogram: samples in each bucket, not cumulative; one more than `MetricFamily.limits`."""


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One metric at one moment."""

    name: str
    """Internal name, for example `/tensorflow/serving/request_count`."""
    kind: Literal["counter", "gauge", "histogram"]
    label_names: tuple[str, ...]
    series: tuple[Series, ...]
    limits: tuple[float, ...] = ()
    """Histogram: upper bounds of the buckets, exclusive, ascending; one more bucket is for what reaches the last."""


class DataPlane(Protocol):
    """What the server needs of a data plane; `salver.testing` has a fake without sockets."""

    def open_tensorflow(self, libraries: Sequence[str]) -> TensorFlowRuntime:
        """Open TensorFlow's C libraries, in this order, without the GIL; raises a SalverError."""

    def new_target(self, spec: TargetSpec) -> Target:
        """Make the table entry of one servable version."""

    def listen_grpc(self, host: str, port: int) -> int:
        """Open the gRPC port (0: any) and return its number; raises UnavailableError where it is taken."""

    def listen_rest(self, host: str, port: int) -> int:
        """Open the REST port (0: any) and return its number; raises UnavailableError where it is taken."""

    def listen_admin(self, host: str, port: int) -> int:
        """Open the admin port (0: any) and return its number; raises UnavailableError where it is taken.

        It answers to the end of a drain, and `stop` closes it last.
        """

    def listen_grpc_unix(self, path: str) -> None:
        """Open a Unix socket for gRPC; raises UnavailableError where it cannot be had.

        The file that a dead server left is replaced, and the own one removed at the end.
        """

    def set_tls(self, port: str, config: TlsConfig) -> float:
        """Have new connections of `port` ("grpc" or "rest") use TLS with these credentials; open connections go on.

        Returns:
            When the certificate expires, in seconds since the epoch.

        Raises:
            InvalidArgumentError: Anything is wrong with them, named by its source; nothing changes then.
        """

    def publish(self, models: Sequence[ModelRow]) -> None:
        """Swap the serving table; requests that hold a target keep it."""

    def publish_health(self, services: Mapping[str, int], is_ready: bool) -> None:  # noqa: FBT001  # the extension's form
        """Swap the states that grpc.health.v1 (1 serving, 2 not serving) and /readyz answer."""

    def next_batch(self, timeout_s: float) -> Batch | None:
        """Wait, without the GIL, for work of a Python servable; None after the time or when stopped."""

    def next_call(self, timeout_s: float) -> ControlCall | None:
        """Wait, without the GIL, for a call that is not inference; None after the time or when stopped."""

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "",
        timeout_s: float | None = None,
    ) -> dict[str, Array]:
        """Run one prediction in this process through table and scheduler, without a socket."""

    def replay(self, target: Target, api: str, request: bytes, timeout_s: float | None = None) -> None:
        """Run a recorded request on a target that need not be published, and drop the answer.

        Args:
            target: What runs it, whatever model and version the request names.
            api: `predict`, `classify`, `regress` or `multi_inference`.
            request: The serialized request message.
            timeout_s: Longest wait; None is no limit.

        Raises:
            SalverError: What a client would have got.
        """

    def set_log_rules(self, rules: Sequence[LogRule]) -> None:
        """Swap the rules by which requests are logged, one for each model; none of the others is logged."""

    def next_log_entries(self, timeout_s: float) -> LogEntries | None:
        """Wait, without the GIL, for requests to be logged.

        Returns an empty value after the time, and None once the data plane is stopped and all were given. One thread
        pulls. What waits is bounded by number and by bytes; what finds no room is dropped, never waited for.
        """

    def metrics(self) -> list[MetricFamily]:
        """Return what was counted since the start and what is now, in no order."""

    def batching_report(self, model: str | None = None) -> tuple[BatchingReport, ...]:
        """Return what has come of batching, for each signature of each version in the serving table.

        Args:
            model: Report on this one alone; nothing where the table does not have it.

        Returns:
            By ascending model, version and signature; also of signatures that nobody has asked for yet.
        """

    def begin_drain(self) -> None:
        """Stop accepting connections and tell clients to go; accepted requests go on."""

    def wait_drained(self, timeout_s: float) -> bool:
        """Wait until no request is in flight; False when the time ran out."""

    def stop(self) -> bool:
        """Close everything; requests still in flight get UNAVAILABLE. Idempotent.

        False where the run of a native model does not end: the thread it is in is left behind.
        """
