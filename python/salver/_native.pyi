"""The extension module: the data plane's Rust half. Only `salver.dataplane` imports it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, final

import numpy as np

__version__: str

def is_debug_build() -> bool:
    """Whether the extension was compiled without optimisation."""

def dtype_names() -> dict[int, str]:
    """Wire number to name of every element type that tensors can have."""

def code_names() -> dict[int, str]:
    """Wire number to name of every status code."""

def wait_for_lock(pause_s: float) -> float:
    """Sleep without the interpreter lock, ask for it, and return the seconds that it took to have it."""

class NativeError(Exception):
    """A failure in the extension; `args` is `(code, message)`."""

@final
class TensorSpec:
    """One named input or output of a signature."""

    def __new__(cls, name: str, dtype: int, shape: Sequence[int] | None) -> TensorSpec: ...
    @property
    def name(self) -> str: ...
    @property
    def dtype(self) -> int: ...
    @property
    def shape(self) -> list[int] | None: ...

@final
class Signature:
    """A callable of a servable: its inputs and outputs, sorted by name."""

    def __new__(
        cls, name: str, method: str, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
    ) -> Signature: ...
    @property
    def name(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def inputs(self) -> list[TensorSpec]: ...
    @property
    def outputs(self) -> list[TensorSpec]: ...

@final
class NativeModel:
    """A loaded model that runs without Python. Freed when the last reference goes."""

    @property
    def signatures(self) -> list[Signature]: ...
    @property
    def signature_def_map(self) -> bytes: ...
    def run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]: ...
    def close(self) -> None: ...

@final
class TensorFlowRuntime:
    """TensorFlow's C libraries, opened once per process."""

    @staticmethod
    def open(libraries: Sequence[str]) -> TensorFlowRuntime: ...
    @property
    def version(self) -> str: ...
    def load_library(self, path: str) -> None: ...
    def load(
        self,
        directory: str,
        tags: Sequence[str],
        intra_op_threads: int,
        inter_op_threads: int,
        run_in_caller: bool | None,
        session_config: bytes,
    ) -> NativeModel: ...

@final
class LengthBuckets:
    """Requests whose length falls between the same two limits share a batch, others do not."""

    def __new__(cls, *, limits: Sequence[int], signature: str, input: str, dimension: int) -> LengthBuckets: ...

@final
class LowPriority:
    """Limits of the queue for sheddable requests."""

    def __new__(
        cls,
        *,
        max_batch_size: int,
        batch_timeout_s: float,
        max_enqueued_batches: int,
        allowed_batch_sizes: Sequence[int],
        mixed_priority_batching_policy: str,
    ) -> LowPriority: ...

@final
class BatchingPolicy:
    """How the requests to one version are joined into batches."""

    def __new__(
        cls,
        *,
        is_adaptive: bool,
        max_batch_size: int,
        enable_large_batch_splitting: bool,
        max_execution_batch_size: int | None,
        batch_timeout_s: float,
        max_enqueued_batches: int,
        allowed_batch_sizes: Sequence[int],
        batch_padding_policy: str,
        pad_variable_length_inputs: bool,
        length_buckets: Sequence[LengthBuckets],
        latency_slo_s: float | None,
        weight: float,
        max_in_flight_batches: int | None,
        max_queued_rows: int,
        max_queued_bytes: int,
        low_priority: LowPriority | None,
    ) -> BatchingPolicy: ...
    @staticmethod
    def defaults() -> BatchingPolicy:
        """What the data plane takes where nothing is said."""
    def __eq__(self, other: object, /) -> bool: ...

@final
class QueuedCall:
    """Lets go of a call that waits."""

    def abandon(self) -> None: ...

@final
class BatchTurn:
    """Calls that run together, and calls that do not run."""

    @property
    def calls(self) -> list[Any]: ...
    @property
    def refused(self) -> list[tuple[Any, str, float | None]]:
        """Call, name of why it does not run, seconds after which to try again."""
    @property
    def padded_rows(self) -> int: ...
    def ran(self) -> None: ...
    def end(self) -> None:
        """Give the place of the run back; without `ran` before, it counts as failed."""

@final
class BatchQueue:
    """Calls of one kind, and the batches that they leave in."""

    def __new__(cls, policy: BatchingPolicy, num_runners: int) -> BatchQueue: ...
    def submit(
        self,
        payload: object,
        num_rows: int,
        num_bytes: int,
        group: int,
        timeout_s: float | None,
        criticality: int,
    ) -> tuple[QueuedCall, list[tuple[Any, str, float | None]]]:
        """Queue one call; returns what does not run for it, which may be other calls."""
    def next(self, timeout_s: float) -> BatchTurn | None: ...
    def finish(self) -> None:
        """Take no more calls, and stop when the last one has left."""
    def stop(self) -> list[Any]:
        """Stop now; returns the calls that still waited."""
    @property
    def is_stopped(self) -> bool: ...
    @property
    def num_queued_rows(self) -> int: ...
    def counts(self) -> tuple[list[tuple[str, int]], list[tuple[str, int]], list[int]]:
        """Batches by why they left, calls by why they did not run; calls, rows and filling rows that left."""
    def histograms(self) -> list[tuple[list[float], list[int], int]]:
        """Limits, counts and sum: rows of batches, microseconds of waits, microseconds of runs."""

@final
class Target:
    """One servable version as the serving table knows it; requests pin it."""

    def __new__(
        cls,
        name: str,
        version: int,
        signatures: Sequence[Signature],
        model: NativeModel | None,
        servable: object | None,
        batching: BatchingPolicy,
    ) -> Target: ...
    @property
    def num_pins(self) -> int: ...
    def wait_until_released(self, timeout_s: float | None) -> bool: ...
    def set_batching(self, policy: BatchingPolicy) -> None: ...

@final
class ModelRow:
    """One model of the serving table."""

    def __new__(
        cls,
        name: str,
        targets: Sequence[Target],
        labels: Mapping[str, int],
        unavailable: tuple[int, str] | None,
    ) -> ModelRow: ...

@final
class GrpcOptions:
    """Settings of the gRPC port and its connections."""

    def __new__(
        cls,
        *,
        max_receive_bytes: int | None,
        max_send_bytes: int | None,
        max_concurrent_streams: int | None,
        max_metadata_bytes: int | None,
        max_frame_bytes: int | None,
        stream_window_bytes: int | None,
        send_buffer_bytes: int | None,
        keepalive_interval_s: float | None,
        keepalive_timeout_s: float | None,
        max_idle_s: float | None,
        max_age_s: float | None,
        max_age_grace_s: float | None,
        handshake_timeout_s: float | None,
        reuse_port: bool,
    ) -> GrpcOptions: ...

@final
class DataPlaneOptions:
    """Fixed settings of a data plane."""

    def __new__(
        cls,
        *,
        num_io_threads: int,
        num_runners: int,
        max_message_bytes: int | None,
        max_message_flag: str,
        rest_timeout_s: float | None,
        tensor_content: bool,
        rest_cors: bool,
        min_gzip_bytes: int | None,
        grpc: GrpcOptions,
        check_methods: bool,
        access_log: bool,
        trace_sampling_ratio: float | None,
    ) -> DataPlaneOptions: ...

@final
class LogRule:
    """What of one model is logged, and by which logger."""

    def __new__(cls, model: str, sampling_rate: float, logger: int, metadata: bytes) -> LogRule: ...

@final
class RunningRequest:
    """Field for field `salver.boundary.RunningRequest`."""

    @property
    def model(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def signature(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def age_s(self) -> float: ...
    @property
    def num_batch_requests(self) -> int: ...
    @property
    def num_batch_rows(self) -> int: ...
    @property
    def trace_id(self) -> str | None: ...

@final
class JournalEntry:
    """An inference that ended."""

    @property
    def is_logged(self) -> bool: ...
    @property
    def request_id(self) -> str: ...
    @property
    def trace(self) -> tuple[str | None, str, str, str] | None: ...
    @property
    def model(self) -> str: ...
    @property
    def version(self) -> int | None: ...
    @property
    def signature(self) -> str: ...
    @property
    def api(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def code(self) -> int: ...
    @property
    def started_ns(self) -> int: ...
    @property
    def duration_ns(self) -> int: ...
    @property
    def phases(self) -> list[tuple[str, int, int]]: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def num_batch_requests(self) -> int: ...
    @property
    def num_batch_rows(self) -> int: ...
    @property
    def num_request_bytes(self) -> int: ...
    @property
    def num_response_bytes(self) -> int: ...

@final
class Batch:
    """Requests to one signature of one Python servable, joined along the first dimension."""

    @property
    def servable(self) -> object: ...
    @property
    def signature(self) -> str: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def num_members(self) -> int: ...
    @property
    def traces(self) -> list[tuple[str | None, str, str, str]]: ...
    @property
    def output_names(self) -> list[str]: ...
    @property
    def timeout_s(self) -> float | None: ...
    @property
    def is_cancelled(self) -> bool: ...
    @property
    def may_join(self) -> bool: ...
    @property
    def is_streamed(self) -> bool: ...
    def inputs(self) -> dict[str, np.ndarray[Any, Any]]: ...
    def complete(self, outputs: Mapping[str, Any]) -> None: ...
    def send_part(self, outputs: Mapping[str, Any]) -> bool: ...
    def end_parts(self) -> None: ...
    def split_members(self) -> list[Batch]: ...
    def fail(self, code: int, message: str) -> None: ...

@final
class AnswerStream:
    """The answer to a control call, given in pieces."""

    @property
    def is_open(self) -> bool: ...
    def send(self, piece: bytes, timeout_s: float = 0.0) -> bool: ...
    def end(self) -> None: ...
    def fail(self, code: int, message: str) -> None: ...

@final
class ControlCall:
    """A call that is not inference, to be answered by Python."""

    @property
    def protocol(self) -> str: ...
    @property
    def address(self) -> str | None: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def headers(self) -> list[tuple[str, str]]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def timeout_s(self) -> float | None: ...
    @property
    def is_cancelled(self) -> bool: ...
    def reply(self, body: bytes) -> None: ...
    def reply_http(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None: ...
    def begin(self) -> AnswerStream: ...
    def begin_http(self, status: int, headers: Sequence[tuple[str, str]]) -> AnswerStream: ...
    def fail(self, code: int, message: str) -> None: ...

@final
class LineReport:
    """What has come of batching for one signature; times in seconds."""

    @property
    def signature(self) -> str: ...
    @property
    def departures(self) -> dict[str, int]: ...
    @property
    def refusals(self) -> dict[str, int]: ...
    @property
    def num_batches(self) -> int: ...
    @property
    def num_requests(self) -> int: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def num_padding_rows(self) -> int: ...
    @property
    def batch_sizes(self) -> list[tuple[int, int]]: ...
    @property
    def wait(self) -> tuple[float, float, float] | None:
        """p50, p90 and p99."""
    @property
    def run(self) -> tuple[float, float, float] | None:
        """p50, p90 and p99."""
    @property
    def num_in_flight(self) -> int: ...
    @property
    def num_queued_rows(self) -> int: ...
    @property
    def curve(self) -> list[tuple[int, float, float, int]]:
        """Rows, p50, p90 and samples."""
    @property
    def rows_per_s(self) -> float: ...

@final
class Simulation:
    """The scheduler under a load that is made up, in a time that is made up."""

    def __new__(
        cls,
        *,
        policy: BatchingPolicy,
        curve: Sequence[tuple[int, float]],
        jitter: float,
        num_runners: int,
        sharing: float,
        requests_per_s: float,
        num_clients: int | None,
        rows_per_request: int,
        deadline_s: float | None,
        warmup_s: float,
        duration_s: float,
        seed: int,
    ) -> Simulation: ...
    def run(self) -> SimulationReport: ...
    def capacity(self) -> float: ...

@final
class SimulationReport:
    """What came of a simulated load."""

    @property
    def rows_per_s(self) -> float: ...
    @property
    def num_requests(self) -> int: ...
    @property
    def num_answered(self) -> int: ...
    @property
    def num_refused(self) -> int: ...
    @property
    def p50_s(self) -> float: ...
    @property
    def p99_s(self) -> float: ...
    @property
    def mean_batch_rows(self) -> float: ...
    @property
    def departures(self) -> dict[str, int]: ...

@final
class DataPlane:
    """Sockets, codecs, serving table and scheduler."""

    def __new__(cls, options: DataPlaneOptions) -> DataPlane: ...
    def listen_grpc(self, host: str, port: int) -> int: ...
    def listen_rest(self, host: str, port: int) -> int: ...
    def listen_admin(self, host: str, port: int) -> int: ...
    def listen_grpc_unix(self, path: str) -> None: ...
    def set_tls(
        self, port: str, certificate: tuple[str, bytes], key: tuple[str, bytes], client_ca: tuple[str, bytes] | None
    ) -> float: ...
    def publish(self, models: Sequence[ModelRow]) -> None: ...
    def publish_health(self, services: Mapping[str, int], is_ready: bool) -> None: ...
    def next_batch(self, timeout_s: float) -> Batch | None: ...
    def next_call(self, timeout_s: float) -> ControlCall | None: ...
    def predict(
        self,
        model: str,
        version: int | None,
        label: str | None,
        signature: str,
        inputs: Mapping[str, Any],
        timeout_s: float | None,
    ) -> dict[str, np.ndarray[Any, Any]]: ...
    def replay(self, target: Target, api: str, request: bytes, timeout_s: float | None) -> None: ...
    def set_log_rules(self, rules: Sequence[LogRule]) -> None: ...
    def next_log_entries(self, timeout_s: float) -> tuple[list[tuple[str, int, bytes]], dict[str, int]] | None: ...
    def next_journal_entries(self, timeout_s: float) -> tuple[list[JournalEntry], int] | None: ...
    def running_requests(self, most: int) -> tuple[int, list[RunningRequest]]: ...
    def line_reports(self, target: Target) -> list[LineReport]: ...
    def metrics(
        self,
    ) -> list[
        tuple[
            str,
            Literal["counter", "gauge", "histogram"],
            list[str],
            list[tuple[list[str], int, list[int], list[tuple[int, str, int, float]]]],
            list[float],
            float,
        ]
    ]: ...
    def begin_drain(self) -> None: ...
    def wait_drained(self, timeout_s: float) -> bool: ...
    def stop(self) -> bool: ...

@final
class LoadTls:
    """How a load believes the server, and what it shows to it; all PEM."""

    def __new__(cls, *, server_name: str, roots: bytes, identity: tuple[bytes, bytes] | None) -> LoadTls: ...

@final
class LoadOptions:
    """A load."""

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        protocol: str,
        method: str,
        path: str,
        headers: Sequence[tuple[str, str]],
        bodies: Sequence[bytes],
        num_connections: int,
        num_in_flight: int,
        num_threads: int,
        requests_per_s: float | None,
        spacing: str,
        seed: int,
        max_queued: int,
        warmup_s: float,
        duration_s: float | None,
        num_requests: int | None,
        timeout_s: float,
        connect_timeout_s: float,
        tls: LoadTls | None,
        keep_reply: bool,
    ) -> LoadOptions: ...

@final
class LoadProgress:
    """How far a load is."""

    @property
    def is_over(self) -> bool: ...
    @property
    def is_warming_up(self) -> bool: ...
    @property
    def measured_s(self) -> float: ...
    @property
    def num_answered(self) -> int: ...
    @property
    def num_failed(self) -> int: ...
    @property
    def num_dropped(self) -> int: ...
    @property
    def recent_p50_s(self) -> float: ...
    @property
    def recent_p99_s(self) -> float: ...

@final
class LoadReport:
    """What came of a load."""

    @property
    def measured_s(self) -> float: ...
    @property
    def latencies(self) -> list[tuple[float, int]]: ...
    @property
    def latency_sum_s(self) -> float: ...
    @property
    def latency_max_s(self) -> float: ...
    @property
    def answered(self) -> list[int]: ...
    @property
    def failures(self) -> dict[str, tuple[int, str]]: ...
    @property
    def num_within(self) -> int: ...
    @property
    def sent_bytes(self) -> int: ...
    @property
    def received_bytes(self) -> int: ...
    @property
    def lags(self) -> list[tuple[float, int]]: ...
    @property
    def num_dropped(self) -> int: ...
    @property
    def busy_s(self) -> list[tuple[float, float]]: ...
    @property
    def pacer_busy_s(self) -> tuple[float, float]: ...
    @property
    def failure(self) -> str | None: ...
    @property
    def reply(self) -> bytes | None: ...

@final
class LoadRun:
    """A load that has begun."""

    @staticmethod
    def start(options: LoadOptions) -> LoadRun: ...
    def next_progress(self, wait_s: float) -> LoadProgress: ...
    def stop(self) -> None: ...
    def report(self) -> LoadReport: ...
