"""Operations over gRPC, for threads."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from salver.client.address import GrpcAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.grpc_channel import channel_arguments, credentials, error_of, import_grpc, misuse
from salver.client.operation import Operation

Answer = TypeVar("Answer")


class GrpcTransport:
    """One channel; may be used by any number of threads."""

    def __init__(self, address: GrpcAddress, settings: ClientSettings) -> None:
        self._grpc = import_grpc()
        self._address = address
        arguments = channel_arguments(settings)
        secure = credentials(address, settings)
        if secure is None:
            self._channel = self._grpc.insecure_channel(address.target, arguments)
        else:
            self._channel = self._grpc.secure_channel(address.target, secure, arguments)
        self._compression = self._grpc.Compression.Gzip if settings.compression else None
        self._callables: dict[str, Any] = {}
        self._is_closed = False

    def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt.

        Raises:
            SalverError: What came of it.
        """
        request = self._callable(operation.grpc_method, self._channel.unary_unary)
        try:
            message = request(operation.message(), **self._how(call))
        except self._grpc.RpcError as error:
            raise error_of(error, self._address) from error
        except ValueError as error:
            raise misuse(error, is_closed=self._is_closed) from error
        return operation.read(message)

    def stream(self, operation: Operation[Answer], call: Call) -> Generator[Answer, None, None]:
        """Give the parts of an answer; closing the generator cancels the call. Raises as `call` does."""
        request = self._callable(operation.grpc_method, self._channel.unary_stream)
        try:
            answers = request(operation.message(), **self._how(call))
        except ValueError as error:
            raise misuse(error, is_closed=self._is_closed) from error
        try:
            for message in answers:
                yield operation.read(message)
        except self._grpc.RpcError as error:
            raise error_of(error, self._address) from error
        finally:
            answers.cancel()

    def close(self) -> None:
        """Close the channel; calls that run are cancelled."""
        self._is_closed = True
        self._channel.close()

    def _callable(self, method: str, make: Any) -> Any:
        made = self._callables.get(method)
        if made is None:  # two threads may both make one; either will do
            made = self._callables[method] = make(method)
        return made

    def _how(self, call: Call) -> dict[str, Any]:
        return {
            "timeout": call.deadline.left_s(),
            "metadata": tuple(call.headers.items()) or None,
            "compression": self._compression,
        }
