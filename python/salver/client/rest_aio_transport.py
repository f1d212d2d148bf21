"""Operations over REST, for asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, TypeVar

from salver.client.address import RestAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.deadline import Clock
from salver.client.http_aio_pool import HttpAioPool
from salver.client.metadata_cache import MetadataCache
from salver.client.model_info import model_metadata
from salver.client.model_spec import ModelSpec
from salver.client.operation import Operation, RestForm
from salver.client.rest_exchange import document_of, request_of, rest_form
from salver.client.signatures import ModelMetadata
from salver.client.tls import Tls
from salver.errors import InternalError

Answer = TypeVar("Answer")


class RestAioTransport:
    """A pool of connections, of the event loop of the first call."""

    def __init__(self, address: RestAddress, settings: ClientSettings, clock: Clock) -> None:
        identity = (settings.tls or Tls()).identity(address.host) if address.is_secure or settings.tls else None
        self._pool = HttpAioPool(address, identity, settings.max_connections)
        self._address = address
        self._settings = settings
        self._metadata = MetadataCache(clock)

    async def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt.

        Raises:
            SalverError: What came of it.
        """
        form = rest_form(operation)
        document = await self._document(form, call)
        known = self._metadata.get(form.model) if form.model else None
        if form.model is None or known is not None:
            try:
                return form.read(document, known, operation.name)
            except InternalError:
                if known is None:
                    raise
        return form.read(document, await self._fetched(form.model, call), operation.name)

    async def stream(self, operation: Operation[Answer], call: Call) -> AsyncGenerator[Answer, None]:
        """Raises UnimplementedError."""
        yield await self.call(operation, call)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def _document(self, form: RestForm[Any], call: Call) -> Any:
        request = request_of(form, call, self._address, self._settings)
        return document_of(await self._pool.exchange(request, call.deadline), self._address)

    async def _fetched(self, spec: ModelSpec | None, call: Call) -> ModelMetadata:
        assert spec is not None
        operation = model_metadata(spec)
        form = rest_form(operation)
        metadata = form.read(await self._document(form, call), None, operation.name)
        self._metadata.put(spec, metadata)
        return metadata
