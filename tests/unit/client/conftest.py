"""A server that is a list of what its calls come to."""

from __future__ import annotations

import pytest

from salver.errors import SalverError
from salver.testing.fake_clock import FakeClock


class FakeTransport:
    """Answers calls from a list: errors are raised, lists are the parts of streams, all else is returned."""

    def __init__(self, *results):
        self.results = list(results)
        self.operations = []
        self.calls = []
        self.is_closed = False

    def _next(self, operation, call):
        self.operations.append(operation)
        self.calls.append(call)
        return self.results.pop(0)

    def call(self, operation, call):
        result = self._next(operation, call)
        if isinstance(result, SalverError):
            raise result
        return result

    def stream(self, operation, call):
        result = self._next(operation, call)
        for part in result if isinstance(result, list) else [result]:
            if isinstance(part, SalverError):
                raise part
            yield part

    def close(self):
        self.is_closed = True


class FakeAsyncTransport(FakeTransport):
    """The same for asyncio."""

    async def call(self, operation, call):
        return super().call(operation, call)

    async def stream(self, operation, call):
        for part in super().stream(operation, call):
            yield part

    async def close(self):
        super().close()


@pytest.fixture
def clock():
    return FakeClock()
