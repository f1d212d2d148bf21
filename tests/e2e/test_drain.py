"""SIGTERM and SIGINT under load: every accepted request is answered, and the exit code is 0."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
from collections.abc import Callable

import grpc
import pytest

from tests.support import http2, slow_model, wire
from tests.support.load import Load
from tests.support.models import HALF_PLUS_TWO, ROOT, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, open_channel, wait_until
from tests.support.slow_model import SlowLog, slow_request

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]
MODELS = {"half_plus_two": HALF_PLUS_TWO}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_every_accepted_request_is_answered(start_server: StartServer, number: signal.Signals) -> None:
    server = start_server(models=MODELS)
    load = Load()
    request = half_plus_two_request(1.0)
    load.add_grpc(server.grpc_address, wire.PREDICT, request, is_half_plus_two(1.0), clients=4)
    load.add_rest(
        server.rest_port,
        "/v1/models/half_plus_two:predict",
        b'{"instances": [1.0]}',
        lambda answer: b"2.5" in answer,
        clients=4,
    )

    with load:
        load.wait_for(50)
        load.expect_close()
        server.signal(number)
        code = server.wait()

    load.assert_no_failures()
    assert code == 0, server.output()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_an_idle_server_ends_with_zero(start_server: StartServer, number: signal.Signals) -> None:
    server = start_server(models=MODELS)

    server.signal(number)

    assert server.wait() == 0, server.output()


def test_idle_connections_do_not_hold_up_the_end(start_server: StartServer) -> None:
    """Well within the drain's limit, which is far longer than the wait here."""
    server = start_server("--drain_timeout_seconds=600", models=MODELS)
    kept = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    kept.request("GET", "/livez")
    kept.getresponse().read()
    with open_channel(server.grpc_address) as channel, http2.RawConnection(server.rest_port):
        channel.unary_unary(wire.PREDICT)(half_plus_two_request(1.0), timeout=30)
        server.signal(signal.SIGTERM)

        assert server.wait() == 0, server.output()
    kept.close()


def test_a_client_that_is_silent_holds_up_the_end_no_longer_than_the_limit(start_server: StartServer) -> None:
    """One that does not even answer the PING that goes before the last GOAWAY."""
    server = start_server("--drain_timeout_seconds=1", models=MODELS)
    with http2.RawConnection(server.grpc_port) as connection:
        connection.hello().wait_until_read()
        server.signal(signal.SIGTERM)

        assert server.wait() == 0, server.output()


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize("words", [b"P", PREFACE, b"GET / HT"])
@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_first_request_that_is_never_finished_does_not_hold_up_the_end(
    start_server: StartServer, protocol: str, words: bytes
) -> None:
    """Well within the drain's limit, which is far longer than the wait here."""
    server = start_server("--drain_timeout_seconds=600", models=MODELS)
    port = server.grpc_port if protocol == "grpc" else server.rest_port
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(words)
        assert server.get("/readyz").status == 200  # time for the words to arrive
        server.signal(signal.SIGTERM)

        assert server.wait() == 0, server.output()


def test_running_and_waiting_slow_requests_are_answered(slow: StartSlow) -> None:
    """Some run and some still wait for a runner when the signal comes."""
    server, log = slow("--num_runners=1", run_s=0.4)
    replies: list[int] = []
    ask = threading.Thread(
        target=lambda: replies.append(server.post(slow_model.PREDICT_PATH, {"instances": [1.0]}).status)
    )
    ask.start()
    log.wait_for_start(1.0)
    with http2.RawConnection(server.grpc_port, limit_s=60) as connection:
        connection.hello()
        for stream, value in ((1, 2.0), (3, 3.0), (5, 4.0)):
            connection.call(wire.PREDICT, wire.grpc_frame(slow_request(value)), stream=stream)
        connection.wait_until_read()
        server.signal(signal.SIGTERM)
        statuses = connection.grpc_statuses({1, 3, 5})
    ask.join(60)

    assert server.wait() == 0, server.output()
    assert statuses == {1: 0, 3: 0, 5: 0}
    assert replies == [200]
    assert log.values() == [1.0, 2.0, 3.0, 4.0]


def test_a_draining_server_takes_no_new_connections(slow: StartSlow) -> None:
    server, log = slow(run_s=3)
    with open_channel(server.grpc_address) as channel:
        waiting = channel.unary_unary(wire.PREDICT).future(slow_request(), timeout=60)
        log.wait_for_start(1.0)
        server.signal(signal.SIGTERM)
        wait_until(lambda: not server.is_answering("/livez"), 10, "the REST port to be closed")
        assert log.events("end") == [], "it waited for the request before it closed the port"
        assert waiting.result(60)
    assert server.wait() == 0


def test_the_drain_has_a_limit(slow: StartSlow) -> None:
    server, log = slow("--drain_timeout_seconds=1", run_s=30)
    with open_channel(server.grpc_address) as channel:
        waiting = channel.unary_unary(wire.PREDICT).future(slow_request(), timeout=60)
        log.wait_for_start(1.0)
        server.signal(signal.SIGTERM)
        error = waiting.exception(60)
    assert isinstance(error, grpc.RpcError)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    server.wait(20)


def test_a_run_without_end_does_not_hold_up_the_end(start_server: StartServer) -> None:
    server = start_server(
        "--drain_timeout_seconds=0.5",
        "--rest_api_timeout_in_ms=300",
        models={"while": ROOT / "tests" / "data" / "models" / "while_v2"},
    )
    body = {"inputs": {"x": [1.0], "rounds": 2_000_000_000}}
    assert server.post("/v1/models/while:predict", body).status == 504

    server.signal(signal.SIGTERM)

    assert server.wait() == 0, server.output()
    assert "does not end" in server.output()
