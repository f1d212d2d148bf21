"""The one door to the extension: what Python asks of the data plane, in typed classes.

The data plane owns sockets, codecs, the serving table and the scheduler. Python publishes to it (`publish`,
`publish_health`) and pulls from it (`next_batch` for Python servables, `next_call` for everything that is not
inference). It never calls Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from salver import _native
from salver._native import Batch, ControlCall, NativeModel, Signature, Target, TensorFlowRuntime, TensorSpec
from salver.errors import error_from_code

__all__ = [
    "Batch",
    "ControlCall",
    "DataPlane",
    "DataPlaneOptions",
    "ModelRow",
    "NativeDataPlane",
    "NativeModel",
    "Signature",
    "Target",
    "TensorFlowRuntime",
    "TensorSpec",
    "native_errors",
]


@contextmanager
def native_errors() -> Iterator[None]:
    """Turn the extension's errors into those of `salver.errors`."""
    try:
        yield
    except _native.NativeError as error:
        code, message = error.args
        raise error_from_code(code, message) from None


@dataclass(frozen=True, kw_only=True)
class DataPlaneOptions:
    """Settings that hold for the life of a data plane."""

    num_io_threads: int = 1
    """Threads that own sockets, one event loop each."""
    num_native_runners: int = 2
    """Threads that run batches of native models."""
    max_message_bytes: int | None = None
    """Largest request body; None is bounded by the protocols alone (2 GiB - 1)."""
    max_message_flag: str = "--max_message_bytes"
    """Named in the error for a larger body."""
    max_queued_rows: int = 100_000
    """Rows that may wait per model; beyond it a request is refused with RESOURCE_EXHAUSTED."""
    rest_timeout_s: float | None = 30.0
    """Time limit of a REST inference; None is no limit."""
    tensor_content: bool = False
    """Whether Predict answers carry `tensor_content` rather than typed fields."""


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


class DataPlane(Protocol):
    """What the server needs of a data plane; `salver.testing` has a fake without sockets."""

    def listen_grpc(self, host: str, port: int) -> int:
        """Open the gRPC port (0: any) and return its number; raises UnavailableError where it is taken."""

    def listen_rest(self, host: str, port: int) -> int:
        """Open the REST port (0: any) and return its number; raises UnavailableError where it is taken."""

    def publish(self, models: Sequence[ModelRow]) -> None:
        """Swap the serving table; requests that hold a target keep it."""

    def publish_health(self, services: Mapping[str, int], is_ready: bool) -> None:
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
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Run one prediction in this process through table and scheduler, without a socket."""

    def counters(self) -> dict[str, int]:
        """Cumulative counts since the start."""

    def begin_drain(self) -> None:
        """Stop accepting connections and tell clients to go; accepted requests go on."""

    def wait_drained(self, timeout_s: float) -> bool:
        """Wait until no request is in flight; False when the time ran out."""

    def stop(self) -> None:
        """Close everything; requests still in flight get UNAVAILABLE. Idempotent."""


class NativeDataPlane:
    """`DataPlane` over the extension."""

    def __init__(self, options: DataPlaneOptions) -> None:
        self._plane = _native.DataPlane(
            _native.DataPlaneOptions(
                num_io_threads=options.num_io_threads,
                num_native_runners=options.num_native_runners,
                max_message_bytes=options.max_message_bytes,
                max_message_flag=options.max_message_flag,
                max_queued_rows=options.max_queued_rows,
                rest_timeout_s=options.rest_timeout_s,
                tensor_content=options.tensor_content,
            )
        )
        self.next_batch = self._plane.next_batch
        self.next_call = self._plane.next_call
        self.counters = self._plane.counters
        self.begin_drain = self._plane.begin_drain
        self.wait_drained = self._plane.wait_drained
        self.stop = self._plane.stop
        self.publish_health = self._plane.publish_health

    def listen_grpc(self, host: str, port: int) -> int:
        """See `DataPlane.listen_grpc`."""
        with native_errors():
            return self._plane.listen_grpc(host, port)

    def listen_rest(self, host: str, port: int) -> int:
        """See `DataPlane.listen_rest`."""
        with native_errors():
            return self._plane.listen_rest(host, port)

    def publish(self, models: Sequence[ModelRow]) -> None:
        """See `DataPlane.publish`."""
        self._plane.publish([_native.ModelRow(row.name, row.targets, row.labels, row.unavailable) for row in models])

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
        with native_errors():
            return self._plane.predict(model, version, label, signature, inputs, timeout_s)
