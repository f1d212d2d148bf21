"""What the admin listener of a real server tells of itself, to real clients: events as they happen, to the very end."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from salver.wire import message_class
from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, ROOT
from tests.support.server_process import ServerProcess, exchange, open_channel, wait_until
from tests.support.slow_model import slow_request

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

    about = server.ask_admin("/v1/server").json()
    assert (about["state"], about["is_ready"], about["pid"]) == ("SERVING", True, server.process and server.process.pid)
    assert about["ports"] == {"grpc": server.grpc_port, "rest": server.rest_port, "admin": server.admin_port}
    assert (about["num_models"], about["num_versions_available"], about["num_in_flight"]) == (1, 1, 0)
    assert about["resident_bytes"] > 1 << 20

    drained = server.ask_admin("/v1/server:drain", "POST", {"wait_s": 5})
    assert (drained.status, drained.json()) == (202, {"state": "DRAINING"})
    assert next(stream)["state"] == "DRAINING"
    assert list(stream) == [], "the stream ends in order"
    assert server.wait() == 0, server.output()
    connection.close()


def test_pages_for_debugging_and_metrics_in_json(server: ServerProcess) -> None:
    stacks = server.ask_admin("/debug/stacks").body.decode()
    assert "\nMainThread\n" in stacks
    assert "salver-control-" in stacks
    assert "/python/salver" not in stacks, "no paths"
    gil = server.ask_admin("/debug/gil?window_s=0.2").json()
    assert gil["num_samples"] > 10
    assert 0 <= gil["held_share"] <= 1
    families = {family["name"]: family for family in server.ask_admin("/v1/metrics").json()["families"]}
    page = server.ask_admin("/metrics").body.decode()
    assert {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")} == set(families)


def test_requests_are_told_of_while_they_run(slow: Callable[..., Any]) -> None:
    server, log = slow(run_s=2, has_admin_port=True)
    with open_channel(server.grpc_address) as channel:
        waiting = channel.unary_unary(wire.PREDICT).future(slow_request(), timeout=60)
        log.wait_for_start(1.0)
        running = server.ask_admin("/debug/requests").json()
        assert waiting.result(60)
    assert running["total"] == 1
    (request,) = running["requests"]
    assert (request["model"], request["version"], request["protocol"]) == ("slow", 1, "grpc")
    assert (request["phase"], request["num_batch_requests"]) == ("run", 1)
    assert 0 < request["age_s"] < 60
    assert server.ask_admin("/debug/requests").json() == {"total": 0, "requests": []}


def admin_message(name: str, /, **values: Any) -> Any:
    return message_class(f"salver.admin.v1.{name}")(**values)


def admin_call(channel: grpc.Channel, method: str, request: Any, answer: str, **options: Any) -> Any:
    call = channel.unary_unary(
        f"/salver.admin.v1.Admin/{method}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(f"salver.admin.v1.{answer}").FromString,
    )
    return call(request, timeout=60, **options)


def watch(channel: grpc.Channel, request: Any) -> Iterator[Any]:
    read = message_class("salver.admin.v1.Event").FromString
    call = channel.unary_stream("/salver.admin.v1.Admin/WatchEvents", response_deserializer=read)
    return iter(call(request.SerializeToString(), timeout=120))


def test_the_same_by_grpc(server: ServerProcess) -> None:
    with open_channel(f"127.0.0.1:{server.admin_port}") as channel:
        events = watch(channel, admin_message("EventsRequest", after=0, type=["config", "server"]))
        assert [next(events).state, next(events).state] == ["STARTING", "SERVING"]
        about = admin_call(channel, "GetServer", admin_message("GetServerRequest"), "Server")
        assert (about.state, about.ports.grpc) == ("SERVING", server.grpc_port)

        request = admin_message("SetLabelRequest", model="half_plus_two", label="stable", version=1)
        changed = admin_call(channel, "SetLabel", request, "Change", metadata=(("x-salver-actor", "me"),))
        told = next(events)
        assert (told.etag, told.diff[0].path) == (changed.etag, "/models/half_plus_two/version_labels/stable")
        model = admin_call(channel, "GetModel", admin_message("GetModelRequest", model="half_plus_two"), "Model")
        assert (model.status, dict(model.version_labels)) == ("AVAILABLE", {"stable": 1})
        audit = admin_call(channel, "ListAudit", admin_message("ListAuditRequest"), "Audit").audit
        assert (audit[0].actor, audit[0].outcome) == ("me", "OK")
        assert audit[0].address.rpartition(":")[0] == "127.0.0.1"

        for refused, code in (
            (
                lambda: admin_call(channel, "GetModel", admin_message("GetModelRequest", model="x"), "Model"),
                "NOT_FOUND",
            ),
            (lambda: channel.unary_unary(wire.PREDICT)(b"", timeout=60), "UNIMPLEMENTED"),
        ):
            with pytest.raises(grpc.RpcError) as caught:
                refused()
            assert caught.value.code().name == code
        assert b"salver_grpc_requests_total{} 0" in server.ask_admin("/metrics").body, "nothing of this is counted"

        drained = admin_call(channel, "Drain", admin_message("DrainRequest"), "ServerState")
        assert drained.state == "DRAINING"
        assert [event.state for event in events] == ["DRAINING"], "then the stream ends in order"
    assert server.wait() == 0, server.output()


PROGRAM = """
import sys
import salver
server = salver.Server({"m": sys.argv[1]}, admin_port=0)
server.start()
print(server.admin_port, flush=True)
sys.stdin.readline()
server.stop()
print(server.is_ready, server.admin_port, flush=True)
"""


def test_drain_in_a_program_stops_its_server_and_leaves_the_program() -> None:
    command = [sys.executable, "-c", PROGRAM, str(HALF_PLUS_TWO)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        port = int(program.stdout.readline())
        assert exchange(port, "POST", "/v1/server:drain").status == 202
        wait_until(lambda: not is_open(port), 30, "the admin port to be closed")
        assert program.poll() is None, "the program goes on"
        out, _ = program.communicate("\n", timeout=30)
    assert (out, program.returncode) == ("False None\n", 0)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_runs_no_model_gives_back_the_id_that_it_came_with(server: ServerProcess) -> None:
    sent = {"x-request-id": "mine"}
    for port, path in (
        (server.rest_port, "/v1/models/half_plus_two"),
        (server.rest_port, "/v1/models/nothing"),
        (server.admin_port, "/v1/server"),
        (server.admin_port, "/nothing"),
    ):
        assert exchange(port, "GET", path, headers=sent).headers["x-request-id"] == "mine", path
    status, about = "/tensorflow.serving.ModelService/GetModelStatus", "/salver.admin.v1.Admin/GetServer"
    for port, method in ((server.grpc_port, status), (server.admin_port, about)):
        with open_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(method).future(b"", timeout=60, metadata=tuple(sent.items()))
            call.exception()
            told = dict([*call.initial_metadata(), *call.trailing_metadata()])
        assert told["x-request-id"] == "mine", method
