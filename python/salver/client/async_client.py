"""The client for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
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


class AsyncTransport(Protocol):
    """What carries operations to a server."""

    async def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt."""
        ...

    def stream(self, operation: Operation[Answer], call: Call) -> AsyncGenerator[Answer, None]:
        """Give the parts of an answer."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class AsyncClient(BaseClient):
    """Asks one server, over gRPC or REST, from the tasks of one event loop.

    All methods are those of `Client`. Cancelling a task that waits for an answer ends the call, on the server as well;
    the client can be used further. `close`, or `async with`, ends the connections.
    """

    def __init__(self, address: str, **options: Unpack[ClientOptions]) -> None:
        """Make a client; arguments and errors as those of `Client`. The first call binds it to its event loop."""
        super().__init__(address, **options)
        self._transport: AsyncTransport = _transport(self._address, self._settings)
        self._sleep = asyncio.sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; calls after it raise FailedPreconditionError."""
        await self._transport.close()

    # --- inference ---------------------------------------------------------------------------------------------------

    async def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        output_filter: Sequence[str] = (),
        **options: Unpack[ModelOptions],
    ) -> Prediction:
        """As `Client.predict`."""
        return await self._run(predict.predict(spec_of(model, options), inputs, output_filter), options)

    def predict_streamed(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        output_filter: Sequence[str] = (),
        **options: Unpack[ModelOptions],
    ) -> AsyncGenerator[Prediction, None]:
        """As `Client.predict_streamed`; a loop that is left early ends the call by `aclose()` of what this returns."""
        operation = predict.predict_streamed(spec_of(model, options), inputs, output_filter)
        return self._parts(operation, self._stream(options))

    async def classify(
        self,
        model: str,
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> Classification:
        """As `Client.classify`."""
        return await self._run(inference.classify(spec_of(model, options), examples, context), options)

    async def regress(
        self,
        model: str,
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> Regression:
        """As `Client.regress`."""
        return await self._run(inference.regress(spec_of(model, options), examples, context), options)

    async def multi_inference(
        self,
        model: str,
        tasks: Sequence[inference.InferenceTask],
        examples: Sequence[Example],
        *,
        context: Example | None = None,
        **options: Unpack[ModelOptions],
    ) -> list[Classification | Regression]:
        """As `Client.multi_inference`."""
        return await self._run(inference.multi_inference(spec_of(model, options), tasks, examples, context), options)

    # --- models ------------------------------------------------------------------------------------------------------

    async def model_status(self, model: str, **options: Unpack[ModelOptions]) -> list[VersionStatus]:
        """As `Client.model_status`."""
        return await self._run(model_info.model_status(spec_of(model, options)), options)

    async def model_metadata(self, model: str, **options: Unpack[ModelOptions]) -> ModelMetadata:
        """As `Client.model_metadata`."""
        return await self._run(model_info.model_metadata(spec_of(model, options)), options)

    async def reload_config(
        self, config: str | reload.Serializable, *, metric_names: Sequence[str] = (), **options: Unpack[CallOptions]
    ) -> dict[str, int]:
        """As `Client.reload_config`."""
        return await self._run(reload.reload_config(config, metric_names), options)

    async def wait_until_ready(self, model: str, **options: Unpack[ModelOptions]) -> None:
        """As `Client.wait_until_ready`."""
        spec = spec_of(model, options)
        call = self._call(options)
        readiness = Readiness(spec, call.deadline)
        operation = model_info.model_status(spec)
        while True:
            try:
                statuses = await self._transport.call(operation, call)
                if readiness.is_reached(statuses):
                    return
            except SalverError as error:
                readiness.take(error)
            readiness.check()
            await self._sleep(POLL_S)

    # --- attempts ----------------------------------------------------------------------------------------------------

    async def _run(self, operation: Operation[Answer], options: CallOptions) -> Answer:
        call = self._call(options)
        attempts = self._attempts(operation, call)
        while True:
            try:
                return await self._transport.call(operation, call)
            except SalverError as error:
                wait_s = attempts.wait_s(error)
                if wait_s is None:
                    raise
            await self._sleep(wait_s)

    async def _parts(self, operation: Operation[Answer], call: Call) -> AsyncGenerator[Answer, None]:
        attempts = self._attempts(operation, call)
        while True:
            parts = self._transport.stream(operation, call)
            has_begun = False
            try:
                async for part in parts:
                    has_begun = True
                    yield part
                return
            except SalverError as error:
                wait_s = None if has_begun else attempts.wait_s(error)
                if wait_s is None:
                    raise
            finally:
                await parts.aclose()
            await self._sleep(wait_s)


def _transport(address: GrpcAddress | RestAddress, settings: ClientSettings) -> AsyncTransport:
    """Only one of the two protocols is imported."""
    if isinstance(address, GrpcAddress):
        from salver.client.grpc_aio_transport import GrpcAioTransport

        return GrpcAioTransport(address, settings)
    from salver.client.rest_aio_transport import RestAioTransport

    return RestAioTransport(address, settings, time.monotonic)
