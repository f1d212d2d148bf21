"""A data plane in Python alone: no sockets, no extension, the same rules for tables, pins and answers."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from salver.boundary import (
    BatchingPolicy,
    BatchingReport,
    JournalEntries,
    LogEntries,
    LogRule,
    MetricFamily,
    ModelRow,
    RunningRequest,
    RunningRequests,
    Signature,
    Target,
    TargetSpec,
    TensorFlowOptions,
    TlsConfig,
)
from salver.errors import InvalidArgumentError, NotFoundError, SalverError, UnavailableError, error_from_code
from salver.testing.fake_calls import FakeBatch, FakeControlCall

Array = np.ndarray[Any, Any]
T = TypeVar("T")


class FakeNativeModel:
    """A native model that runs a Python function."""

    def __init__(
        self, function: Callable[[str, Mapping[str, Any]], dict[str, Array]], signature_def_map: bytes = b""
    ) -> None:
        self._function = function
        self.signature_def_map = signature_def_map
        self.is_closed = False

    def run(self, signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Call the function."""
        if self.is_closed:
            raise AssertionError("run after close")
        return self._function(signature, inputs)

    def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True


def half_plus_two(signature: str, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """Compute x / 2 + 2, as the best known test model does."""
    del signature
    return {"y": np.asarray(inputs["x"], np.float32) / 2 + 2}


class FakeTensorFlow:
    """A TensorFlow runtime whose SavedModels all compute half plus two."""

    version = "0.0.0"

    def __init__(self, libraries: Sequence[str] = ()) -> None:
        self.libraries = list(libraries)
        self.loads: list[tuple[str, TensorFlowOptions]] = []
        self.op_libraries: list[str] = []
        self.on_load: Callable[[str], FakeNativeModel] = lambda _: FakeNativeModel(half_plus_two)

    def load_library(self, path: str) -> None:
        """Note the path."""
        self.op_libraries.append(path)

    def load(self, directory: str, options: TensorFlowOptions) -> FakeNativeModel:
        """Note the call and return what `on_load` makes."""
        self.loads.append((directory, options))
        return self.on_load(directory)


class FakeTarget:
    """A table entry that counts its pins."""

    def __init__(self, spec: TargetSpec) -> None:
        self.spec = spec
        self.batching = spec.batching
        """The policy that was set last."""
        self.num_pins = 0
        self._changed = threading.Condition()

    def pin(self) -> None:
        """Hold the version as a request does."""
        with self._changed:
            self.num_pins += 1

    def unpin(self) -> None:
        """End a hold."""
        with self._changed:
            self.num_pins -= 1
            self._changed.notify_all()

    def wait_until_released(self, timeout_s: float | None) -> bool:
        """See `Target.wait_until_released`."""
        with self._changed:
            return self._changed.wait_for(lambda: self.num_pins == 0, timeout_s)

    def set_batching(self, policy: BatchingPolicy) -> None:
        """See `Target.set_batching`."""
        self.batching = policy


class _WorkQueue(Generic[T]):
    """Work for pulling threads; once closed, a pull returns None at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: deque[T] = deque()
        self._is_closed = False

    def put(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def pull(self, timeout_s: float) -> T | None:
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_closed, timeout_s)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class FakeDataPlane:
    """A `salver.boundary.DataPlane` for tests; what was published can be read from its attributes."""

    def __init__(self, tensorflow: FakeTensorFlow | None = None) -> None:
        self.tensorflow = tensorflow or FakeTensorFlow()
        self.rows: dict[str, ModelRow] = {}
        """The present serving table, by model name."""
        self.services: dict[str, int] = {}
        self.is_ready = False
        self.ports: dict[str, int] = {}
        """Open ports, by protocol."""
        self.taken_ports: set[int] = set()
        """Ports that cannot be had."""
        self.socket_path: str | None = None
        """Path of the Unix socket, while it is open."""
        self.tls: dict[str, TlsConfig] = {}
        """Credentials in force, by protocol."""
        self.on_tls: Callable[[TlsConfig], float] = lambda _: math.inf
        """Says when credentials expire, or raises what is wrong with them."""
        self.is_draining = False
        self.is_stopped = False
        self.is_drained = threading.Event()
        """Cleared by a test that wants a drain to run out of time."""
        self.is_drained.set()
        self.replays: list[tuple[Target, str, bytes]] = []
        self.replay_timeouts_s: list[float | None] = []
        """Of each of them."""
        self.on_replay: Callable[[str, bytes], None] = lambda _api, _request: None
        """Called by each replay; raises to fail it."""
        self.families: list[MetricFamily] = []
        self.running: list[RunningRequest] = []
        self.reports: list[BatchingReport] = []
        """What came of batching; told of versions in the serving table."""
        self._batches: _WorkQueue[FakeBatch] = _WorkQueue()
        self._calls: _WorkQueue[FakeControlCall] = _WorkQueue()
        self.log_rules: dict[str, LogRule] = {}
        """The present rules, by model name."""
        self._log_entries: _WorkQueue[LogEntries] = _WorkQueue()
        self._journal: _WorkQueue[JournalEntries] = _WorkQueue()
        self.next_batch = self._batches.pull
        self.next_call = self._calls.pull

    # --- As the server uses it

    def open_tensorflow(self, libraries: Sequence[str]) -> FakeTensorFlow:
        """Return the fake runtime."""
        self.tensorflow.libraries = list(libraries)
        return self.tensorflow

    def new_target(self, spec: TargetSpec) -> FakeTarget:
        """See `DataPlane.new_target`."""
        return FakeTarget(spec)

    def listen_grpc(self, host: str, port: int) -> int:
        """Pretend to open a port."""
        return self._listen("grpc", host, port or 50001)

    def listen_rest(self, host: str, port: int) -> int:
        """Pretend to open a port."""
        return self._listen("rest", host, port or 50002)

    def listen_admin(self, host: str, port: int) -> int:
        """Pretend to open a port."""
        return self._listen("admin", host, port or 50003)

    def listen_grpc_unix(self, path: str) -> None:
        """Pretend to open a socket."""
        self.socket_path = path

    def set_tls(self, port: str, config: TlsConfig) -> float:
        """Ask `on_tls`, then note the credentials."""
        expires = self.on_tls(config)
        self.tls[port] = config
        return expires

    def publish(self, models: Sequence[ModelRow]) -> None:
        """Swap the table."""
        self.rows = {row.name: row for row in models}

    def publish_health(self, services: Mapping[str, int], is_ready: bool) -> None:  # noqa: FBT001  # the boundary's form
        """Swap the health states."""
        self.services = dict(services)
        self.is_ready = is_ready

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
        """Resolve in the table and run; a Python servable needs a thread that pulls batches."""
        target = self.resolve(model, version, label)
        target.pin()
        try:
            if target.spec.model is not None:
                return target.spec.model.run(signature or "serving_default", inputs)
            return self._run_batch(target.spec, signature or "serving_default", inputs, timeout_s)
        finally:
            target.unpin()

    def replay(self, target: Target, api: str, request: bytes, timeout_s: float | None = None) -> None:
        """Note the request and call `on_replay`."""
        self.replays.append((target, api, request))
        self.replay_timeouts_s.append(timeout_s)
        self.on_replay(api, request)

    def set_log_rules(self, rules: Sequence[LogRule]) -> None:
        """Swap the rules."""
        self.log_rules = {rule.model: rule for rule in rules}

    def next_log_entries(self, timeout_s: float) -> LogEntries | None:
        """Give what `submit_log_entries` queued."""
        pulled = self._log_entries.pull(timeout_s)
        return LogEntries() if pulled is None and not self.is_stopped else pulled

    def next_journal_entries(self, timeout_s: float) -> JournalEntries | None:
        """Give what `submit_journal_entries` queued."""
        pulled = self._journal.pull(timeout_s)
        return JournalEntries() if pulled is None and not self.is_stopped else pulled

    def running_requests(self, most: int) -> RunningRequests:
        """Return what the test has put there."""
        return RunningRequests(len(self.running), self.running[:most])

    def metrics(self) -> list[MetricFamily]:
        """Return what the test has put there."""
        return self.families

    def batching_report(self, model: str | None = None) -> tuple[BatchingReport, ...]:
        """Return what the test has put there, of versions in the table and in their order."""
        serving = {(name, _spec(target).version) for name, row in self.rows.items() for target in row.targets}
        found = [item for item in self.reports if (item.model, item.version) in serving and model in {None, item.model}]
        return tuple(sorted(found, key=lambda item: (item.model, item.version, item.signature)))

    def begin_drain(self) -> None:
        """Note it."""
        self.is_draining = True

    def wait_drained(self, timeout_s: float) -> bool:
        """Wait for `is_drained`; no test should wait in earnest, so the limit is cut to a moment."""
        return self.is_drained.wait(min(timeout_s, 0.01))

    def stop(self) -> bool:
        """End all pulls."""
        self.is_stopped = True
        self.ports.clear()
        self.socket_path = None
        self._batches.close()
        self._calls.close()
        self._log_entries.close()
        self._journal.close()
        return True

    # --- As a test uses it

    def submit_batch(self, batch: FakeBatch) -> FakeBatch:
        """Queue a batch for the runners."""
        self._batches.put(batch)
        return batch

    def submit_call(self, call: FakeControlCall) -> FakeControlCall:
        """Queue a control call."""
        self._calls.put(call)
        return call

    def submit_log_entries(self, entries: LogEntries) -> None:
        """Queue requests to be logged."""
        self._log_entries.put(entries)

    def submit_journal_entries(self, entries: JournalEntries) -> None:
        """Queue requests that are told of."""
        self._journal.put(entries)

    def resolve(self, model: str, version: int | None = None, label: str | None = None) -> FakeTarget:
        """Return the target that a request would get, by the rules of the data plane."""
        row = self.rows.get(model)
        if label is not None:
            if row is None or label not in row.labels:
                raise InvalidArgumentError(f"Unrecognized servable version label: {label} (of model {model})")
            version = row.labels[label]
        targets = {_spec(target).version: target for target in row.targets} if row else {}
        found = targets.get(max(targets, default=-1) if version is None else version)
        if found is None:
            raise self._missing(row, model, version)
        assert isinstance(found, FakeTarget)
        return found

    def _missing(self, row: ModelRow | None, model: str, version: int | None) -> SalverError:
        if row is not None and row.unavailable is not None and not row.targets:
            return error_from_code(*row.unavailable)
        wanted = f"Latest({model})" if version is None else f"Specific({model}, {version})"
        return NotFoundError(f"Servable not found for request: {wanted}")

    def _run_batch(
        self, spec: TargetSpec, signature: str, inputs: Mapping[str, Any], timeout_s: float | None
    ) -> dict[str, Array]:
        arrays = {name: np.asarray(value) for name, value in inputs.items()}
        names = _output_names(spec.signatures, signature)
        return self.submit_batch(FakeBatch(spec.servable, arrays, signature=signature, output_names=names)).result(
            timeout_s
        )

    def _listen(self, protocol: str, host: str, port: int) -> int:
        if self.is_stopped or port in self.taken_ports:
            reason = "stopped" if self.is_stopped else "the port is taken"
            raise UnavailableError(f"cannot listen on {host}:{port}: {reason}")
        self.ports[protocol] = port
        return port


def _spec(target: Target) -> TargetSpec:
    assert isinstance(target, FakeTarget)
    return target.spec


def _output_names(signatures: Sequence[Signature], name: str) -> list[str]:
    for signature in signatures:
        if signature.name == name:
            return [info.name for info in signature.outputs]
    raise InvalidArgumentError(f"Serving signature name: {name} not found in signature def")
