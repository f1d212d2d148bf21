"""Operations over gRPC, for asyncio. Cancelling a task that waits for one cancels the call."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, TypeVar

from salver.client.address import GrpcAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.grpc_channel import channel_arguments, closed, credentials, error_of, import_grpc
from salver.client.operation import Operation

Answer = TypeVar("Answer")


class GrpcAioTransport:
    """One channel, opened by the first call and of its event loop."""

    def __init__(self, address: GrpcAddress, settings: ClientSettings) -> None:
        self._grpc = import_grpc()
        self._address = address
        self._arguments = channel_arguments(settings)
        self._credentials = credentials(address, settings)
        self._compression = self._grpc.Compression.Gzip if settings.compression else None
        self._channel: Any = None
        self._callables: dict[str, Any] = {}
        self._is_closed = False

    async def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt.

        Raises:
            SalverError: What came of it.
        """
        request = self._callable(operation.grpc_method, "unary_unary")
        try:
            message = await request(operation.message(), **self._how(call))
        except self._grpc.RpcError as error:
            raise error_of(error, self._address) from error
        return operation.read(message)

    async def stream(self, operation: Operation[Answer], call: Call) -> AsyncGenerator[Answer, None]:
        """Give the parts of an answer; closing the generator cancels the call. Raises as `call` does."""
        request = self._callable(operation.grpc_method, "unary_stream")
        answers = request(operation.message(), **self._how(call))
        try:
            async for message in answers:
                yield operation.read(message)
        except self._grpc.RpcError as error:
            raise error_of(error, self._address) from error
        finally:
            answers.cancel()

    async def close(self) -> None:
        """Close the channel; calls that run are cancelled."""
        self._is_closed = True
        if self._channel is not None:
            await self._channel.close()

    def _callable(self, method: str, kind: str) -> Any:
        if self._is_closed:
            raise closed()
        if self._channel is None:
            self._channel = self._open()
        made = self._callables.get(method)
        if made is None:
            made = self._callables[method] = getattr(self._channel, kind)(method)
        return made

    def _open(self) -> Any:
        from grpc import aio

        if self._credentials is None:
            return aio.insecure_channel(self._address.target, self._arguments)
        return aio.secure_channel(self._address.target, self._credentials, self._arguments)

    def _how(self, call: Call) -> dict[str, Any]:
        return {
            "timeout": call.deadline.left_s(),
            "metadata": tuple(call.headers.items()) or None,
            "compression": self._compression,
        }
