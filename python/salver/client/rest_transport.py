"""Operations over REST, for threads."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from salver.client.address import RestAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.deadline import Clock
from salver.client.http_pool import HttpPool
from salver.client.metadata_cache import MetadataCache
from salver.client.model_info import model_metadata
from salver.client.model_spec import ModelSpec
from salver.client.operation import Operation, RestForm
from salver.client.rest_exchange import document_of, request_of, rest_form
from salver.client.signatures import ModelMetadata
from salver.client.tls import Tls
from salver.errors import InternalError

Answer = TypeVar("Answer")


class RestTransport:
    """A pool of connections; may be used by any number of threads."""

    def __init__(self, address: RestAddress, settings: ClientSettings, clock: Clock) -> None:
        identity = (settings.tls or Tls()).identity(address.host) if address.is_secure or settings.tls else None
        self._pool = HttpPool(address, identity, settings.max_connections)
        self._address = address
        self._settings = settings
        self._metadata = MetadataCache(clock)

    def call(self, operation: Operation[Answer], call: Call) -> Answer:
        """Make one attempt.

        Raises:
            SalverError: What came of it.
        """
        form = rest_form(operation)
        document = self._document(form, call)
        known = self._metadata.get(form.model) if form.model else None
        if form.model is None or known is not None:
            try:
                return form.read(document, known, operation.name)
            except InternalError:
                if known is None:
                    raise
        return form.read(document, self._fetched(form.model, call), operation.name)

    def stream(self, operation: Operation[Answer], call: Call) -> Generator[Answer, None, None]:
        """Raises UnimplementedError."""
        yield self.call(operation, call)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _document(self, form: RestForm[Any], call: Call) -> Any:
        request = request_of(form, call, self._address, self._settings)
        return document_of(self._pool.exchange(request, call.deadline), self._address)

    def _fetched(self, spec: ModelSpec | None, call: Call) -> ModelMetadata:
        assert spec is not None
        operation = model_metadata(spec)
        form = rest_form(operation)
        metadata = form.read(self._document(form, call), None, operation.name)
        self._metadata.put(spec, metadata)
        return metadata
