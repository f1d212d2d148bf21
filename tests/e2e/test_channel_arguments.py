"""`--grpc_channel_arguments` as a real client meets them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import grpc
import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, status_of

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
MODELS = {"half_plus_two": HALF_PLUS_TWO}


def test_limits_name_their_argument_and_what_has_no_effect_is_told_once(start_server: StartServer):
    arguments = (
        "grpc.max_receive_message_length=100,grpc.max_send_message_length=60,grpc.http2.bdp_probe=1,grpc.arena=2"
    )
    server = start_server(f"--grpc_channel_arguments={arguments}", models=MODELS)

    code, details = status_of(lambda: server.call(wire.PREDICT, bytes(101)))
    assert (code, "grpc.max_receive_message_length" in details) == ("RESOURCE_EXHAUSTED", True)
    code, details = status_of(lambda: server.call(wire.PREDICT, half_plus_two_request(*[1.0] * 15)))
    assert (code, "grpc.max_send_message_length" in details) == ("RESOURCE_EXHAUSTED", True)
    assert status_of(lambda: server.call(wire.PREDICT, b"")) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    assert server.post("/v1/models/half_plus_two:predict", {"instances": [1.0] * 100}).status == 200
    assert server.output().count("--grpc_channel_arguments without effect: grpc.http2.bdp_probe (") == 1
    assert "grpc.arena (not known to this server)" in server.output()


def test_connections_come_and_go_by_age_and_no_call_fails(start_server: StartServer):
    server = start_server("--grpc_channel_arguments=grpc.max_connection_age_ms=100", models=MODELS)
    states: list[grpc.ChannelConnectivity] = []
    # A channel as gRPC makes it: a call that the client has not sent yet when it is told to go is sent on the next
    # connection. Without retries the client itself fails such a call, whatever server it talks to.
    with grpc.insecure_channel(server.grpc_address) as channel:
        channel.subscribe(states.append)
        call = channel.unary_unary(wire.PREDICT)
        while states.count(grpc.ChannelConnectivity.READY) < 4:
            assert is_half_plus_two(1.0)(call(half_plus_two_request(1.0), timeout=30))


def test_a_malformed_entry_stops_the_start():
    command = [sys.executable, "-m", "salver", "serve", "--model_base_path=/m"]
    command += ["--grpc_channel_arguments=grpc.max_concurrent_streams"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 255
    assert "expected name=value, got 'grpc.max_concurrent_streams'" in done.stderr
