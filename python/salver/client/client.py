"""The client for threads."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, Unpack

from salver.client import inference, model_info, predict, reload
from salver.client.address import GrpcAddress, RestAddress
from salver.client.answers import Classification, Prediction, Regression, VersionStatus
from salver.client.base_client import BaseClient
from salver.client.call import Call, spec_of
from salver.client.call_options import CallOptions, ModelOptions
from salver.client.client_options import ClientOptions, ClientSettings
from salver.client.examples import Example
from salver.client.operation import Operation
from salver.client.readiness import POLL_S, Readiness
from salver.client.signatures import ModelMetadata
from salver.errors import SalverError

Answer = TypeVar("Answer")


class Transport(Protocol):
    """What carries operations to a server."""

    def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt."""
        ...

    def stream(self, operation: Operation[Answer], call: Call) -> Generator[Answer, None, None]:
        """Give the parts of an answer."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Client(BaseClient):
    """Asks one server, over gRPC or REST; may be shared by any number of threads.

    Every call takes `timeout_s`, `headers` and `criticality`; calls to a model `version` or `label`, and `signature`,
    too: `CallOptions` and `ModelOptions` say what they are. Errors are those of `salver.errors`, with the code that the
    server gave; REST has one status for several codes, and there the most usual one is taken.

    No connection is opened before the first call. Connections are kept; `close`, or `with`, ends them.
    """

    def __init__(self, address: str, **options: Unpack[ClientOptions]) -> None:
        """Make a client.

        Args:
            address: `HOST:PORT` for gRPC, `http://HOST:PORT` for REST; `salver.client.address` lists all forms.
            options: See `ClientSettings`.

        Raises:
            InvalidArgumentError: An argument that cannot be.
            FailedPreconditionError: gRPC is asked for, and grpcio not installed.
        """
        super().__init__(address, **options)
        self._transport: Transport = _transport(self._address, self._settings)
        self._sleep = time.sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; calls after it raise FailedPreconditionError."""
        self._transport.close()

    # --- inference ---------------------------------------------------------------------------------------------------

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        output_filter: Sequence[str] = (),
        **options: Unpack[ModelOptions],
    ) -> Prediction:
        """Run a signature of a model.

        Args:
            model: Its name.
            inputs: An array for each input. Arrays keep their type; of plain numbers floats become float32 and
                integers int32 where they fit, as in TensorFlow.
            output_filter: Outputs to compute and return; all by default. REST computes all, and drops the rest here.
            options: See `ModelOptions`.
        """
        return self._run(predict.predict(spec_of(model, options), inputs, output_filter), options)

    def predict_streamed(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        output_filter: Sequence[str] = (),
        **options: Unpack[ModelOptions],
    ) -> Generator[Prediction, None, None]:
        """Run a signature whose answer comes in parts, and give each as it comes; gRPC only, of Salver servers.

        A stream takes any time unless `timeout_s` is given. What is not read to its end is ended by `close()` of what
        this returns.
        """
        operation = predict.predict_streamed(spec_of(model, options), inputs, output_filter)
        return self._parts(operation, self._stream(options))

    def classify(
        self,
        model: str,
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> Classification:
        """Classify examples.

        Args:
            model: Its name.
            examples: Features by name: text, bytes, a number, or a flat list of one of them.
            context: Features that all examples share.
            options: See `ModelOptions`.
        """
        return self._run(inference.classify(spec_of(model, options), examples, context), options)

    def regress(
        self,
        model: str,
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> Regression:
        """Compute a value for each example; arguments as in `classify`."""
        return self._run(inference.regress(spec_of(model, options), examples, context), options)

    def multi_inference(
        self,
        model: str,
        tasks: Sequence[inference.InferenceTask],
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> list[Classification | Regression]:
        """Ask several signatures of a model about the same examples; gRPC only. One answer for each task."""
        return self._run(inference.multi_inference(spec_of(model, options), tasks, examples, context), options)

    # --- models ------------------------------------------------------------------------------------------------------

    def model_status(self, model: str, **options: Unpack[ModelOptions]) -> list[VersionStatus]:
        """Return the states of all versions of a model, or of one, the newest first."""
        return self._run(model_info.model_status(spec_of(model, options)), options)

    def model_metadata(self, model: str, **options: Unpack[ModelOptions]) -> ModelMetadata:
        """Return the signatures of a version."""
        return self._run(model_info.model_metadata(spec_of(model, options)), options)

    def reload_config(
        self, config: str | reload.Serializable, *, metric_names: Sequence[str] = (), **options: Unpack[CallOptions]
    ) -> dict[str, int]:
        """Replace the list of models that the server serves; gRPC only. See `salver.client.reload`.

        Returns:
            For each of `metric_names` by how much it grew.
        """
        return self._run(reload.reload_config(config, metric_names), options)

    def wait_until_ready(self, model: str, **options: Unpack[ModelOptions]) -> None:
        """Return once a version of `model`, or the one given, serves. The server need not run yet.

        Raises:
            DeadlineExceededError: It does not within `timeout_s`; says what was seen last.
        """
        spec = spec_of(model, options)
        call = self._call(options)
        readiness = Readiness(spec, call.deadline)
        operation = model_info.model_status(spec)
        while True:
            try:
                statuses = self._transport.call(operation, call)
                if readiness.is_reached(statuses):
                    return
            except SalverError as error:
                readiness.take(error)
            readiness.check()
            self._sleep(POLL_S)

    # --- attempts ----------------------------------------------------------------------------------------------------

    def _run(self, operation: Operation[Answer], options: CallOptions) -> Answer:
        call = self._call(options)
        attempts = self._attempts(operation, call)
        while True:
            try:
                return self._transport.call(operation, call)
            except SalverError as error:
                wait_s = attempts.wait_s(error)
                if wait_s is None:
                    raise
            self._sleep(wait_s)

    def _parts(self, operation: Operation[Answer], call: Call) -> Generator[Answer, None, None]:
        attempts = self._attempts(operation, call)
        while True:
            parts = self._transport.stream(operation, call)
            has_begun = False
            try:
                for part in parts:
                    has_begun = True
                    yield part
                return
            except SalverError as error:
                wait_s = None if has_begun else attempts.wait_s(error)
                if wait_s is None:
                    raise
            finally:
                parts.close()
            self._sleep(wait_s)


def _transport(address: GrpcAddress | RestAddress, settings: ClientSettings) -> Transport:
    """Only one of the two protocols is imported."""
    if isinstance(address, GrpcAddress):
        from salver.client.grpc_transport import GrpcTransport

        return GrpcTransport(address, settings)
    from salver.client.rest_transport import RestTransport

    return RestTransport(address, settings, time.monotonic)
