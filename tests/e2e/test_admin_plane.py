"""What the admin listener of a real server tells of itself, to real clients: events as they happen, to the very end."""

from __future__ import annotations

import http.client
import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.models import HALF_PLUS_TWO
from tests.support.server_process import ServerProcess

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
LIFE = ["START", "LOADING", "AVAILABLE"]
JSON = {"Accept": "application/json"}


@pytest.fixture
def server(start_server: StartServer) -> ServerProcess:
    return start_server(models={"half_plus_two": HALF_PLUS_TWO}, has_admin_port=True)


def events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """The events of a stream, until its orderly end."""
    for line in response:
        field, _, value = line.decode().partition(": ")
        if field == "data":
            yield json.loads(value)


def test_events_are_listed_streamed_resumed_and_end_with_the_server(server: ServerProcess) -> None:
    listed = server.ask_admin("/v1/events?model=half_plus_two", headers=JSON).json()
    assert [event["state"] for event in listed["events"]] == LIFE
    assert {event["version"] for event in listed["events"]} == {1}

    connection = http.client.HTTPConnection("127.0.0.1", server.admin_port, timeout=60)
    connection.request("GET", "/v1/events", headers={"Last-Event-ID": str(listed["events"][1]["id"])})
    response = connection.getresponse()
    assert response.headers["content-type"] == "text/event-stream"
    stream = events(response)
    assert next(stream) == listed["events"][2], "it goes on where the client was"
    assert next(stream)["state"] == "SERVING"

    server.signal(signal.SIGTERM)
    assert next(stream)["state"] == "DRAINING"
    assert list(stream) == [], "the stream ends in order"
    assert server.wait() == 0, server.output()
    connection.close()
