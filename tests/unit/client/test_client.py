"""Both clients: one table of cases, run on threads and on asyncio."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from salver.client import AsyncClient, Client, RetryPolicy
from salver.client.answers import VersionState, VersionStatus
from salver.client.inference import InferenceTask
from salver.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from tests.unit.client.conftest import FakeAsyncTransport, FakeTransport

ADDRESS = "http://127.0.0.1:1"
POLICY = RetryPolicy(max_attempts=3, initial_wait_s=1, max_wait_s=8)
AVAILABLE = [VersionStatus(1, VersionState.AVAILABLE)]
LOADING = [VersionStatus(1, VersionState.LOADING), VersionStatus(0, VersionState.END, InvalidArgumentError("broken"))]


class Both:
    """One of the clients with a fake server; asynchronous methods are run to their end."""

    def __init__(self, kind, results, options):
        self.waits_s = []
        self.client = kind(ADDRESS, **{"retry": POLICY, **options})
        self.transport = (FakeAsyncTransport if kind is AsyncClient else FakeTransport)(*results)
        self.client._transport = self.transport
        self.client._chance = lambda: 1.0
        self.client._sleep = self._wait_in_turn if kind is AsyncClient else self.waits_s.append

    async def _wait_in_turn(self, wait_s):
        self.waits_s.append(wait_s)

    def __getattr__(self, name):
        def run(*arguments, **options):
            result = getattr(self.client, name)(*arguments, **options)
            if inspect.iscoroutine(result):
                return asyncio.run(result)
            return asyncio.run(_listed(result)) if inspect.isasyncgen(result) else result

        return run


async def _listed(parts):
    return [part async for part in parts]


@pytest.fixture(params=[Client, AsyncClient])
def asking(request):
    return lambda *results, **options: Both(request.param, results, options)


def unavailable(retry_after_s=None):
    error = UnavailableError("away")
    error.retry_after_s = retry_after_s
    return error


def test_calls_are_tried_again_after_growing_waits(asking):
    client = asking(unavailable(), unavailable(), "answer")
    assert client.predict("m", {"x": [1.0]}) == "answer"
    assert client.waits_s == [1, 2]
    assert len({id(operation) for operation in client.transport.operations}) == 1


def test_the_last_error_is_the_answer_when_attempts_end(asking):
    client = asking(*[unavailable() for _ in range(9)])
    with pytest.raises(UnavailableError, match="away"):
        client.predict("m", {})
    assert client.waits_s == [1, 2]


def test_the_server_says_when_to_come_back(asking):
    client = asking(unavailable(5.0), "answer")
    client.predict("m", {})
    assert client.waits_s == [5.5]


def test_other_errors_are_told_at_once(asking):
    client = asking(NotFoundError("no"))
    with pytest.raises(NotFoundError):
        client.predict("m", {})
    assert client.waits_s == []


def test_a_reload_is_tried_once(asking):
    client = asking(unavailable())
    with pytest.raises(UnavailableError):
        client.reload_config("")


def test_without_retries_there_is_one_attempt(asking):
    client = asking(unavailable(), retry=None)
    with pytest.raises(UnavailableError):
        client.model_status("m")


def test_attempts_share_one_deadline(asking):
    client = asking(unavailable(), "answer", timeout_s=50)
    client.predict("m", {}, timeout_s=20)
    first, second = client.transport.calls
    assert first.deadline is second.deadline
    assert first.deadline.timeout_s == 20


@pytest.mark.parametrize(("options", "timeout_s"), [({}, 60), ({"timeout_s": 9}, 9), ({"timeout_s": None}, None)])
def test_the_clients_timeout_holds_for_calls_but_not_for_streams(asking, options, timeout_s):
    client = asking("answer", [], **options)
    client.predict("m", {})
    list(client.predict_streamed("m", {}))
    assert [call.deadline.timeout_s for call in client.transport.calls] == [timeout_s, None]


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda client, **options: client.predict("m", {}, **options), "Predict"),
        (lambda client, **options: client.classify("m", [], **options), "Classify"),
        (lambda client, **options: client.regress("m", [], **options), "Regress"),
        (
            lambda client, **options: client.multi_inference("m", [InferenceTask("classify")], [], **options),
            "MultiInference",
        ),
        (lambda client, **options: client.model_status("m", **options), "GetModelStatus"),
        (lambda client, **options: client.model_metadata("m", **options), "GetModelMetadata"),
    ],
)
def test_every_call_takes_all_options(asking, call, name):
    client = asking("answer")
    assert call(client, version=3, signature="s", timeout_s=4, headers={"a": "1"}, criticality="sheddable") == "answer"
    assert client.transport.operations[0].name == name
    assert client.transport.calls[0].headers == {"a": "1", "salver-criticality": "sheddable"}


def test_parts_come_one_by_one(asking):
    assert list(asking(["a", "b"]).predict_streamed("m", {})) == ["a", "b"]


def test_a_stream_is_tried_again_before_its_first_part_only(asking):
    client = asking([unavailable()], ["a", unavailable()])
    with pytest.raises(UnavailableError):
        list(client.predict_streamed("m", {}))
    assert client.waits_s == [1]
    assert client.transport.results == []


def test_arguments_of_a_stream_are_checked_at_once():
    with Client(ADDRESS) as client, pytest.raises(InvalidArgumentError):
        client.predict_streamed("", {})


def test_a_stream_that_is_left_ends_its_call():
    client = Both(Client, [["a", "b"]], {})
    ended = []

    def stream(operation, call):
        try:
            yield "a"
            yield "b"
        finally:
            ended.append(call)

    client.transport.stream = stream
    parts = client.client.predict_streamed("m", {})
    assert next(parts) == "a"
    parts.close()
    assert len(ended) == 1


def test_waiting_for_a_model_ends_when_a_version_serves(asking):
    client = asking(unavailable(), NotFoundError("no such model"), [], LOADING, AVAILABLE)
    assert client.wait_until_ready("m") is None
    assert client.waits_s == [0.2] * 4


def test_waiting_for_a_model_says_what_was_seen_last(asking):
    client = asking(LOADING)
    with pytest.raises(
        DeadlineExceededError,
        match=r"model 'm' version 1 is not ready within 0.1 s: version 1 is LOADING; version 0 is END \(broken\)",
    ):
        client.wait_until_ready("m", version=1, timeout_s=0.1)


def test_waiting_for_a_model_does_not_outlast_errors_that_stay(asking):
    with pytest.raises(InvalidArgumentError):
        asking(InvalidArgumentError("no")).wait_until_ready("m")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_shows_its_address(kind):
    assert repr(kind(ADDRESS)) == f"{kind.__name__}('127.0.0.1:1')"


def test_leaving_a_client_closes_it():
    client = Both(Client, [], {})
    with client.client:
        pass
    assert client.transport.is_closed


def test_leaving_an_asynchronous_client_closes_it():
    client = Both(AsyncClient, [], {})

    async def leave():
        async with client.client:
            pass

    asyncio.run(leave())
    assert client.transport.is_closed


def test_a_cancelled_wait_ends_the_call():
    client = Both(AsyncClient, [unavailable()], {})

    async def run():
        waiting = asyncio.Event()

        async def sleep(_):
            waiting.set()
            await asyncio.Event().wait()

        client.client._sleep = sleep
        task = asyncio.create_task(client.client.predict("m", {}))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_both_clients_have_the_same_methods():
    def public(kind):
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in vars(kind).items()
            if inspect.isfunction(member) and not name.startswith("_")
        }

    assert public(Client) == public(AsyncClient)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_grpc_without_grpcio_says_what_to_install(kind, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(FailedPreconditionError, match=r"pip install salver\[client\]"):
        kind("localhost:8500")
