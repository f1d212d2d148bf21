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
    DataPlaneOptions,
    LogEntries,
    LogEntry,
    LogRule,
    MetricFamily,
    ModelRow,
    Series,
    Signature,
    Target,
    TargetSpec,
    TensorFlowOptions,
    TensorInfo,
    TlsConfig,
)
from salver.errors import SalverError, UnimplementedError, error_from_code

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "NativeDataPlane",
    "NativeTarget",
    "NativeTensorFlow",
    "NativeTensorFlowModel",
    "native_errors",
    "native_policy",
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

    def __init__(self, handle: _native.Target) -> None:
        self.handle = handle
        self.wait_until_released = handle.wait_until_released

    @property
    def num_pins(self) -> int:
        """See `Target.num_pins`."""
        return self.handle.num_pins

    def set_batching(self, policy: BatchingPolicy) -> None:
        """See `Target.set_batching`."""
        self.handle.set_batching(native_policy(policy))


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
            return NativeTarget(_native.Target(spec.name, spec.version, signatures, model, spec.servable, policy))

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

    def metrics(self) -> list[MetricFamily]:
        """See `DataPlane.metrics`."""
        return [
            MetricFamily(
                name,
                kind,
                tuple(label_names),
                tuple(Series(tuple(labels), value, tuple(counts)) for labels, value, counts in series),
                tuple(limits),
            )
            for name, kind, label_names, series, limits in self._plane.metrics()
        ]

    def batching_report(self, model: str | None = None) -> tuple[BatchingReport, ...]:
        """See `DataPlane.batching_report`."""
        del model
        raise UnimplementedError("this data plane does not tell what came of batching")


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


def _native_target(target: Target) -> _native.Target:
    if not isinstance(target, NativeTarget):
        raise TypeError(f"expected a target made by new_target, got {type(target).__name__}")
    return target.handle


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
