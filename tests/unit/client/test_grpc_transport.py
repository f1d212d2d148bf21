"""Both gRPC transports on channels that are lists of what comes."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from grpc import aio

from salver.client.address import GrpcAddress
from salver.client.call import Call
from salver.client.client_options import ClientSettings
from salver.client.deadline import Deadline
from salver.client.grpc_aio_transport import GrpcAioTransport
from salver.client.grpc_channel import error_of
from salver.client.grpc_transport import GrpcTransport
from salver.client.no_answer import NoAnswerError
from salver.client.operation import Operation
from salver.client.tls import Tls
from salver.errors import DeadlineExceededError, FailedPreconditionError, ResourceExhaustedError, UnavailableError
from salver.testing.fake_clock import FakeClock

OPERATION = Operation("Echo", "/service/Echo", lambda: [b"ask", memoryview(b"ed")], lambda message: message.decode())


class FakeError(grpc.RpcError):
    def code(self):
        return grpc.StatusCode.RESOURCE_EXHAUSTED

    def details(self):
        return "full"

    def trailing_metadata(self):
        return (("grpc-retry-pushback-ms", "250"),)


class FakeStream:
    def __init__(self, results):
        self._results = list(results)
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True

    def __iter__(self):
        return self

    def __next__(self):
        if not self._results:
            raise StopIteration
        if isinstance(self._results[0], Exception):
            raise self._results.pop(0)
        return self._results.pop(0)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self)
        except StopIteration:
            raise StopAsyncIteration from None


class FakeChannel:
    """Remembers how it was made and called."""

    results = ()

    def __init__(self, target, *arguments):
        self.target = target
        self.arguments = dict(arguments[-1])
        self.credentials = arguments[0] if len(arguments) > 1 else None
        self.asked = []
        self.is_closed = False
        self.stream = FakeStream(self.results)

    def unary_unary(self, method):
        def call(message, **how):
            self.asked.append((method, message, how))
            if self.is_closed:
                raise ValueError("Cannot invoke RPC on closed channel!")
            return next(self.stream)

        return call

    def unary_stream(self, method):
        def call(message, **how):
            self.asked.append((method, message, how))
            return self.stream

        return call

    def close(self):
        self.is_closed = True


class FakeAioChannel(FakeChannel):
    def unary_unary(self, method):
        call = super().unary_unary(method)

        async def answer(message, **how):
            return call(message, **how)

        return answer

    async def close(self):
        self.is_closed = True


class Asked:
    """A transport with a fake channel, asynchronous ones run to their end."""

    def __init__(self, kind, settings):
        self.transport = kind(GrpcAddress("models:1"), ClientSettings(**settings))

    @property
    def channel(self):
        return self.transport._channel

    def call(self, deadline=None, **headers):
        result = self.transport.call(OPERATION, Call(deadline or Deadline.after(None), headers))
        return asyncio.run(result) if asyncio.iscoroutine(result) else result

    def parts(self):
        parts = self.transport.stream(OPERATION, Call(Deadline.after(None)))
        if hasattr(parts, "__anext__"):
            return asyncio.run(_listed(parts))
        return list(parts)

    def close(self):
        result = self.transport.close()
        if asyncio.iscoroutine(result):
            asyncio.run(result)


async def _listed(parts):
    return [part async for part in parts]


@pytest.fixture(params=[GrpcTransport, GrpcAioTransport])
def asking(request, monkeypatch):
    for module, channel in ((grpc, FakeChannel), (aio, FakeAioChannel)):
        monkeypatch.setattr(module, "insecure_channel", channel)
        monkeypatch.setattr(module, "secure_channel", channel)

    def make(*results, **settings):
        monkeypatch.setattr(FakeChannel, "results", results)
        return Asked(request.param, settings)

    return make


def test_a_call_sends_one_message_with_deadline_and_metadata(asking):
    asked = asking(b"answer")
    assert asked.call(Deadline.after(5, FakeClock()), a="1") == "answer"
    how = {"timeout": 5.0, "metadata": (("a", "1"),), "compression": None}
    assert asked.channel.asked == [("/service/Echo", b"asked", how)]


def test_messages_have_no_limit_and_one_client_no_other_ones_connection(asking):
    asked = asking(b"answer", grpc_options=[("grpc.max_reconnect_backoff_ms", 7)])
    asked.call()
    assert asked.channel.target == "models:1"
    assert asked.channel.arguments["grpc.max_receive_message_length"] == -1
    assert asked.channel.arguments["grpc.max_send_message_length"] == -1
    assert asked.channel.arguments["grpc.max_reconnect_backoff_ms"] == 7
    assert asked.channel.credentials is None


def test_gzip_is_asked_for_by_call(asking):
    asked = asking(b"answer", compression="gzip")
    asked.call()
    assert asked.channel.asked[0][2]["compression"] is grpc.Compression.Gzip


def test_tls_takes_a_name_for_the_server(asking):
    asked = asking(b"answer", tls=Tls(server_name="models"))
    asked.call()
    assert asked.channel.credentials is not None
    assert asked.channel.arguments["grpc.ssl_target_name_override"] == "models"


def test_errors_keep_code_message_and_hint(asking):
    with pytest.raises(ResourceExhaustedError, match="full") as failure:
        asking(FakeError()).call()
    assert failure.value.retry_after_s == 0.25


def test_nothing_is_sent_after_the_deadline(asking):
    clock = FakeClock()
    deadline = Deadline.after(1, clock)
    clock.advance(2)
    asked = asking(b"answer")
    with pytest.raises(DeadlineExceededError):
        asked.call(deadline)


def test_parts_come_until_the_stream_ends_and_it_is_let_go(asking):
    asked = asking(b"a", b"b")
    assert asked.parts() == ["a", "b"]
    assert asked.channel.stream.is_cancelled


def test_an_error_ends_a_stream(asking):
    asked = asking(b"a", FakeError())
    with pytest.raises(ResourceExhaustedError):
        asked.parts()


def test_a_closed_client_says_so(asking):
    asked = asking(b"answer", b"answer")
    asked.call()
    asked.close()
    assert asked.channel.is_closed
    with pytest.raises(FailedPreconditionError, match="this client is closed"):
        asked.call()


def error_with(code, text):
    class SomeError(FakeError):
        def code(self):
            return code

        def details(self):
            return text

    return error_of(SomeError(), GrpcAddress("models:1"))


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ("Failed to connect to remote host: Connection refused", "Connection refused"),
        ("Failed to create security handshaker.", "Failed to create security handshaker"),
        ("Tls handshake failed: SSL_ERROR_SSL: x:WRONG_VERSION_NUMBER: context: OK", "it does not speak TLS"),
    ],
)
def test_a_server_that_is_not_reached_is_named_as_it_was_asked_for(details, told):
    text = f"failed to connect to all addresses; last error: UNKNOWN: ipv6:%5B::1%5D:1: {details}"
    error = error_with(grpc.StatusCode.UNAVAILABLE, text)
    assert (type(error), error.message) == (NoAnswerError, f"no answer from models:1: {told}")


@pytest.mark.parametrize(
    "text",
    [
        "errors resolving models:1: [field:hostname lookup error:address lookup failed for models:1: {}]",
        "DNS resolution failed for models:1: C-ares status is not ARES_SUCCESS qtype=A name=models: {}",
    ],
)
def test_a_host_that_is_not_found_is_a_server_that_is_not_reached(text):
    error = error_with(grpc.StatusCode.UNAVAILABLE, text.format("Domain name not found"))
    assert (type(error), error.message) == (NoAnswerError, "no answer from models:1: Domain name not found")


def test_server_that_is_unavailable_has_answered():
    error = error_with(grpc.StatusCode.UNAVAILABLE, "no answer from the backend")
    assert (type(error), error.message) == (UnavailableError, "no answer from the backend")
