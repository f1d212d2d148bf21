"""All that the server asks of a data plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from salver.boundary.batching_report import BatchingReport
from salver.boundary.journal import JournalEntries
from salver.boundary.metrics import MetricFamily
from salver.boundary.models import TensorFlowRuntime
from salver.boundary.options import TlsConfig
from salver.boundary.request_log import LogEntries, LogRule
from salver.boundary.running import RunningRequests
from salver.boundary.table import ModelRow, Target, TargetSpec
from salver.boundary.work import Batch, ControlCall

if TYPE_CHECKING:
    from salver.boundary.models import Array


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

    def next_journal_entries(self, timeout_s: float) -> JournalEntries | None:
        """Wait, without the GIL, for requests that are told of one by one: those of the access log and of traces.

        Returns an empty value after the time, and None once the data plane is stopped and all were given. One thread
        pulls. What waits is bounded; what finds no room is dropped, never waited for.
        """

    def running_requests(self, most: int) -> RunningRequests:
        """Return how many requests of clients are under way, and the `most` oldest; may take a second.

        Those that this process makes itself are not among them.
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
