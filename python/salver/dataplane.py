"""The one door to the extension: the data plane of `salver.boundary`, over `salver._native`.

Nothing else imports the extension. The classes here turn the boundary's plain values into the extension's and its
errors into those of `salver.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from salver import _native
from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    BatchSizeCount,
    CurvePoint,
    DataPlaneOptions,
    Exemplar,
    JournalEntries,
    JournalEntry,
    LogEntries,
    LogEntry,
    LogRule,
    MetricFamily,
    ModelRow,
    PhaseTime,
    Quantiles,
    RequestTrace,
    RunningRequest,
    RunningRequests,
    Series,
    Signature,
    Simulation,
    SimulationReport,
    Target,
    TargetSpec,
    TensorFlowOptions,
    TensorInfo,
    TlsConfig,
)
from salver.errors import SalverError, error_from_code

if TYPE_CHECKING:
    import numpy as np

    from salver.boundary.load import LoadOptions, LoadProgress, LoadReport

__all__ = [
    "NativeDataPlane",
    "NativeLoadRun",
    "NativeTarget",
    "NativeTensorFlow",
    "NativeTensorFlowModel",
    "capacity",
    "native_errors",
    "native_policy",
    "new_batch_queue",
    "simulate",
    "start_load",
    "wait_for_lock",
]


@contextmanager
def native_errors() -> Iterator[None]:
    """Turn the extension's errors into those of `salver.errors`."""
    try:
        yield
    except _native.NativeError as error:
        raise _known(error) from None


def _known(error: _native.NativeError) -> SalverError:
    code, message = error.args
    return error_from_code(code, message)


def new_batch_queue(policy: BatchingPolicy, num_runners: int) -> _native.BatchQueue:
    """Make a queue of Python objects that runs batches on so many threads of the caller's."""
    with native_errors():
        return _native.BatchQueue(native_policy(policy), num_runners)


class NativeTensorFlowModel:
    """`NativeModel` over the extension; `handle` is what the extension knows it by."""

    def __init__(self, handle: _native.NativeModel) -> None:
        self.handle = handle

    @property
    def signature_def_map(self) -> bytes:
        """See `NativeModel.signature_def_map`."""
        return self.handle.signature_def_map

    def run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """See `NativeModel.run`."""
        with native_errors():
            return self.handle.run(signature, inputs)

    def close(self) -> None:
        """See `NativeModel.close`."""
        self.handle.close()


class NativeTensorFlow:
    """`TensorFlowRuntime` over the extension."""

    def __init__(self, libraries: Sequence[str]) -> None:
        with native_errors():
            self._runtime = _native.TensorFlowRuntime.open(libraries)

    @property
    def version(self) -> str:
        """See `TensorFlowRuntime.version`."""
        return self._runtime.version

    def load_library(self, path: str) -> None:
        """See `TensorFlowRuntime.load_library`."""
        with native_errors():
            self._runtime.load_library(path)

    def load(self, directory: str, options: TensorFlowOptions) -> NativeTensorFlowModel:
        """See `TensorFlowRuntime.load`."""
        with native_errors():
            handle = self._runtime.load(
                directory,
                options.tags,
                options.intra_op_threads or 0,
                options.inter_op_threads or 0,
                options.run_in_caller,
                options.session_config,
            )
        return NativeTensorFlowModel(handle)


class NativeTarget:
    """`Target` over the extension; `handle` is what the extension knows it by."""

    def __init__(self, handle: _native.Target, spec: TargetSpec) -> None:
        self.handle = handle
        self.name = spec.name
        self.version = spec.version
        self.policy = spec.batching
        """The policy in force."""
        self.wait_until_released = handle.wait_until_released

    @property
    def num_pins(self) -> int:
        """See `Target.num_pins`."""
        return self.handle.num_pins

    def set_batching(self, policy: BatchingPolicy) -> None:
        """See `Target.set_batching`."""
        self.handle.set_batching(native_policy(policy))
        self.policy = policy


class NativeDataPlane:
    """`DataPlane` over the extension."""

    def __init__(self, options: DataPlaneOptions) -> None:
        self._plane = _native.DataPlane(
            _native.DataPlaneOptions(
                num_io_threads=options.num_io_threads,
                num_runners=options.num_runners,
                max_message_bytes=options.max_message_bytes,
                max_message_flag=options.max_message_flag,
                rest_timeout_s=options.rest_timeout_s,
                tensor_content=options.tensor_content,
                rest_cors=options.rest_cors,
                min_gzip_bytes=options.min_gzip_bytes,
                grpc=_native.GrpcOptions(**vars(options.grpc)),
                check_methods=options.check_methods,
                access_log=options.access_log,
                trace_sampling_ratio=options.trace_sampling_ratio,
            )
        )
        self._rows: dict[str, tuple[ModelRow, _native.ModelRow]] = {}
        # Bound once: these need no conversion, and the two pulls are called in a loop.
        self.next_batch = self._plane.next_batch
        self.next_call = self._plane.next_call
        self.begin_drain = self._plane.begin_drain
        self.wait_drained = self._plane.wait_drained
        self.stop = self._plane.stop
        self.publish_health = self._plane.publish_health

    def open_tensorflow(self, libraries: Sequence[str]) -> NativeTensorFlow:
        """See `DataPlane.open_tensorflow`."""
        return NativeTensorFlow(libraries)

    def new_target(self, spec: TargetSpec) -> NativeTarget:
        """See `DataPlane.new_target`."""
        model = spec.model.handle if isinstance(spec.model, NativeTensorFlowModel) else None
        signatures = model.signatures if model else [_native_signature(item) for item in spec.signatures]
        policy = native_policy(spec.batching)
        with native_errors():
            handle = _native.Target(spec.name, spec.version, signatures, model, spec.servable, policy)
        return NativeTarget(handle, spec)

    def listen_grpc(self, host: str, port: int) -> int:
        """See `DataPlane.listen_grpc`."""
        with native_errors():
            return self._plane.listen_grpc(host, port)

    def listen_rest(self, host: str, port: int) -> int:
        """See `DataPlane.listen_rest`."""
        with native_errors():
            return self._plane.listen_rest(host, port)

    def listen_admin(self, host: str, port: int) -> int:
        """See `DataPlane.listen_admin`."""
        with native_errors():
            return self._plane.listen_admin(host, port)

    def listen_grpc_unix(self, path: str) -> None:
        """See `DataPlane.listen_grpc_unix`."""
        with native_errors():
            self._plane.listen_grpc_unix(path)

    def set_tls(self, port: str, config: TlsConfig) -> float:
        """See `DataPlane.set_tls`."""
        client_ca = None if config.client_ca is None else (config.client_ca.source, config.client_ca.text)
        certificate, key = config.certificate, config.key
        with native_errors():
            return self._plane.set_tls(port, (certificate.source, certificate.text), (key.source, key.text), client_ca)

    def publish(self, models: Sequence[ModelRow]) -> None:
        """See `DataPlane.publish`; rows that were in the last table, too, are converted once. One thread at a time."""
        rows: dict[str, tuple[ModelRow, _native.ModelRow]] = {}
        for row in models:
            known = self._rows.get(row.name)
            rows[row.name] = known if known is not None and known[0] is row else (row, _native_row(row))
        self._plane.publish([native for _, native in rows.values()])
        self._rows = rows

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        label: str | None = None,
        signature: str = "",
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """See `DataPlane.predict`."""
        try:  # not `native_errors`: a context manager in Python costs a tenth of the whole call
            return self._plane.predict(model, version, label, signature, inputs, timeout_s)
        except _native.NativeError as error:
            raise _known(error) from None

    def replay(self, target: Target, api: str, request: bytes, timeout_s: float | None = None) -> None:
        """See `DataPlane.replay`."""
        with native_errors():
            self._plane.replay(_native_target(target), api, request, timeout_s)

    def set_log_rules(self, rules: Sequence[LogRule]) -> None:
        """See `DataPlane.set_log_rules`."""
        self._plane.set_log_rules(
            [_native.LogRule(rule.model, rule.sampling_rate, rule.logger, rule.metadata) for rule in rules]
        )

    def next_log_entries(self, timeout_s: float) -> LogEntries | None:
        """See `DataPlane.next_log_entries`."""
        pulled = self._plane.next_log_entries(timeout_s)
        if pulled is None:
            return None
        entries, dropped = pulled
        return LogEntries([LogEntry(*entry) for entry in entries], dropped)

    def next_journal_entries(self, timeout_s: float) -> JournalEntries | None:
        """See `DataPlane.next_journal_entries`."""
        pulled = self._plane.next_journal_entries(timeout_s)
        if pulled is None:
            return None
        entries, num_dropped = pulled
        return JournalEntries([_journal_entry(entry) for entry in entries], num_dropped)

    def running_requests(self, most: int) -> RunningRequests:
        """See `DataPlane.running_requests`."""
        total, oldest = self._plane.running_requests(most)
        return RunningRequests(total, [_running_request(request) for request in oldest])

    def metrics(self) -> list[MetricFamily]:
        """See `DataPlane.metrics`."""
        return [
            MetricFamily(name, kind, tuple(label_names), tuple(_series(one, scale) for one in series), tuple(limits))
            for name, kind, label_names, series, limits, scale in self._plane.metrics()
        ]

    def batching_report(self, model: str | None = None) -> tuple[BatchingReport, ...]:
        """See `DataPlane.batching_report`."""
        rows = self._rows
        names = sorted(rows) if model is None else [model] if model in rows else []
        targets = [_own_target(target) for name in names for target in rows[name][0].targets]
        targets.sort(key=lambda target: (target.name, target.version))
        return tuple(_report(target, line) for target in targets for line in self._plane.line_reports(target.handle))


def wait_for_lock(pause_s: float) -> float:
    """Sleep for so long without the interpreter lock, then ask for it; return the seconds that it took to have it."""
    return _native.wait_for_lock(pause_s)


def simulate(simulation: Simulation) -> SimulationReport:
    """Say what would come of a load; takes some milliseconds for each simulated second, without the GIL."""
    report = _native_simulation(simulation).run()
    return SimulationReport(
        rows_per_s=report.rows_per_s,
        num_requests=report.num_requests,
        num_answered=report.num_answered,
        num_refused=report.num_refused,
        p50_s=report.p50_s,
        p99_s=report.p99_s,
        mean_batch_rows=report.mean_batch_rows,
        departures=report.departures,
    )


def capacity(simulation: Simulation) -> float:
    """Return the rows in a second that batches of the best size give, with all runners at work."""
    return _native_simulation(simulation).capacity()


class NativeLoadRun:
    """`LoadRun` over the extension."""

    def __init__(self, options: LoadOptions) -> None:
        tls = None if options.tls is None else _native.LoadTls(**vars(options.tls))
        with native_errors():
            self._run = _native.LoadRun.start(_native.LoadOptions(**{**vars(options), "tls": tls}))
        self.stop = self._run.stop

    def next_progress(self, wait_s: float) -> LoadProgress:
        """See `LoadRun.next_progress`."""
        from salver.boundary.load import LoadProgress  # no server needs it

        progress = self._run.next_progress(wait_s)
        return LoadProgress(
            is_over=progress.is_over,
            is_warming_up=progress.is_warming_up,
            measured_s=progress.measured_s,
            num_answered=progress.num_answered,
            num_failed=progress.num_failed,
            num_dropped=progress.num_dropped,
            recent_p50_s=progress.recent_p50_s,
            recent_p99_s=progress.recent_p99_s,
        )

    def report(self) -> LoadReport:
        """See `LoadRun.report`."""
        from salver.boundary.load import LoadReport

        report = self._run.report()
        return LoadReport(
            measured_s=report.measured_s,
            latencies=tuple(report.latencies),
            latency_sum_s=report.latency_sum_s,
            latency_max_s=report.latency_max_s,
            answered=tuple(report.answered),
            failures=report.failures,
            num_within=report.num_within,
            sent_bytes=report.sent_bytes,
            received_bytes=report.received_bytes,
            lags=tuple(report.lags),
            num_dropped=report.num_dropped,
            busy_s=tuple(report.busy_s),
            pacer_busy_s=report.pacer_busy_s,
            failure=report.failure,
            reply=report.reply,
        )


def start_load(options: LoadOptions) -> NativeLoadRun:
    """`StartLoad` over the extension; opens connections without the GIL."""
    return NativeLoadRun(options)


def _native_simulation(simulation: Simulation) -> _native.Simulation:
    with native_errors():
        return _native.Simulation(**{**vars(simulation), "policy": native_policy(simulation.policy)})


def _report(target: NativeTarget, line: _native.LineReport) -> BatchingReport:
    return BatchingReport(
        model=target.name,
        version=target.version,
        signature=line.signature,
        policy=target.policy,
        departures=line.departures,
        refusals=line.refusals,
        num_batches=line.num_batches,
        num_requests=line.num_requests,
        num_rows=line.num_rows,
        num_padding_rows=line.num_padding_rows,
        batch_sizes=tuple(BatchSizeCount(*size) for size in line.batch_sizes),
        wait=None if line.wait is None else Quantiles(*line.wait),
        run=None if line.run is None else Quantiles(*line.run),
        num_in_flight=line.num_in_flight,
        num_queued_rows=line.num_queued_rows,
        curve=tuple(CurvePoint(*point) for point in line.curve),
        rows_per_s=line.rows_per_s,
    )


def _series(native: tuple[list[str], int, list[int], list[tuple[int, str, int, float]]], scale: float) -> Series:
    labels, value, counts, exemplars = native
    if scale == 1:
        return Series(tuple(labels), value, tuple(counts))
    # Divided, not multiplied: the quotient is the nearest number to the true one, and prints as short as it can.
    per_unit = round(1 / scale)
    told = (Exemplar(bucket, trace_id, sample / per_unit, at_s) for bucket, trace_id, sample, at_s in exemplars)
    return Series(tuple(labels), value / per_unit, tuple(counts), tuple(told))


def _journal_entry(native: _native.JournalEntry) -> JournalEntry:
    return JournalEntry(
        is_logged=native.is_logged,
        request_id=native.request_id,
        trace=None if native.trace is None else RequestTrace(*native.trace),
        model=native.model,
        version=native.version,
        signature=native.signature,
        api=native.api,
        protocol=native.protocol,
        code=native.code,
        started_ns=native.started_ns,
        duration_ns=native.duration_ns,
        phases=tuple(PhaseTime(*phase) for phase in native.phases),
        num_rows=native.num_rows,
        num_batch_requests=native.num_batch_requests,
        num_batch_rows=native.num_batch_rows,
        num_request_bytes=native.num_request_bytes,
        num_response_bytes=native.num_response_bytes,
    )


def _running_request(native: _native.RunningRequest) -> RunningRequest:
    return RunningRequest(
        model=native.model,
        version=native.version,
        signature=native.signature,
        protocol=native.protocol,
        phase=native.phase,
        age_s=native.age_s,
        num_batch_requests=native.num_batch_requests,
        num_batch_rows=native.num_batch_rows,
        trace_id=native.trace_id,
    )


def _native_signature(signature: Signature) -> _native.Signature:
    return _native.Signature(
        signature.name,
        signature.method,
        [_native_tensor(info) for info in signature.inputs],
        [_native_tensor(info) for info in signature.outputs],
    )


def _native_tensor(info: TensorInfo) -> _native.TensorSpec:
    return _native.TensorSpec(info.name, info.dtype, info.shape)


def _native_row(row: ModelRow) -> _native.ModelRow:
    return _native.ModelRow(row.name, [_native_target(target) for target in row.targets], row.labels, row.unavailable)


def _own_target(target: Target) -> NativeTarget:
    if not isinstance(target, NativeTarget):
        raise TypeError(f"expected a target made by new_target, got {type(target).__name__}")
    return target


def _native_target(target: Target) -> _native.Target:
    return _own_target(target).handle


def native_policy(policy: BatchingPolicy) -> _native.BatchingPolicy:
    """Return the extension's form of a policy; raises InvalidArgumentError where a name in it is unknown."""
    low = policy.low_priority
    with native_errors():
        fields = {
            **vars(policy),
            "length_buckets": [_native.LengthBuckets(**vars(buckets)) for buckets in policy.length_buckets],
            "low_priority": None if low is None else _native.LowPriority(**vars(low)),
        }
        return _native.BatchingPolicy(**fields)
