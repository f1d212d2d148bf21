"""Work whose client has given up never runs, and a deadline is kept although the runner is busy."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import grpc
import pytest

from tests.support import http2, slow_model, wire
from tests.support.server_process import ServerProcess, open_channel
from tests.support.slow_model import SlowLog, slow_request

pytestmark = pytest.mark.timeout(120)
StartSlow = Callable[..., tuple[ServerProcess, SlowLog]]
BUSY, GIVEN_UP, LAST = 1.0, 666.0, 3.0


class Busy:
    """A server whose only runner is busy with one request; `finish` waits for all that may still run."""

    def __init__(self, server: ServerProcess, log: SlowLog, channel: grpc.Channel) -> None:
        self.server = server
        self.log = log
        self._call = channel.unary_unary(wire.PREDICT)
        self._first = self._call.future(slow_request(BUSY), timeout=60)
        log.wait_for_start(BUSY)

    def assert_ran_nothing_given_up(self) -> None:
        """A request sent after the abandoned ones is answered, and theirs never ran: the queue is in order."""
        assert self._first.result(60)
        assert self._call(slow_request(LAST), timeout=60)
        assert GIVEN_UP not in self.log.values()

    def is_busy(self) -> bool:
        return not self.log.events("end")


@pytest.fixture
def busy(slow: StartSlow):
    server, log = slow("--num_runners=1", run_s=2)
    with open_channel(server.grpc_address) as channel:
        yield Busy(server, log, channel)


def test_a_grpc_deadline_is_kept_while_the_runner_is_busy(busy: Busy) -> None:
    with open_channel(busy.server.grpc_address) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(wire.PREDICT)(slow_request(GIVEN_UP), timeout=0.3)

    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert busy.is_busy()
    busy.assert_ran_nothing_given_up()


def test_the_server_itself_answers_an_expired_deadline(busy: Busy) -> None:
    """By hand, since a client library would say DEADLINE_EXCEEDED by its own clock."""
    with http2.RawConnection(busy.server.grpc_port, limit_s=30) as connection:
        connection.hello().call(wire.PREDICT, wire.grpc_frame(slow_request(GIVEN_UP)), ("grpc-timeout", "200m"))
        code, message = connection.grpc_status()

    assert code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    assert message
    assert busy.is_busy(), "it was answered only when the runner came to it"
    busy.assert_ran_nothing_given_up()


def test_a_deadline_that_has_passed_already_is_answered(busy: Busy) -> None:
    with http2.RawConnection(busy.server.grpc_port, limit_s=30) as connection:
        connection.hello().call(wire.PREDICT, wire.grpc_frame(slow_request(GIVEN_UP)), ("grpc-timeout", "0n"))

        assert connection.grpc_status()[0] == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    busy.assert_ran_nothing_given_up()


def test_a_cancelled_call_never_runs(busy: Busy) -> None:
    with open_channel(busy.server.grpc_address) as channel:
        given_up = channel.unary_unary(wire.PREDICT).future(slow_request(GIVEN_UP), timeout=60)
        wait_until_waiting(busy)
        given_up.cancel()

        assert given_up.cancelled()
        busy.assert_ran_nothing_given_up()


def test_a_reset_stream_never_runs(busy: Busy) -> None:
    with http2.RawConnection(busy.server.grpc_port, limit_s=30) as connection:
        connection.hello().call(wire.PREDICT, wire.grpc_frame(slow_request(GIVEN_UP)))
        connection.wait_until_read()
        connection.send(http2.frame(http2.RST_STREAM, 0, 1, struct.pack(">I", http2.CANCEL)))
        connection.wait_until_read()

        busy.assert_ran_nothing_given_up()


def test_calls_of_a_connection_that_is_gone_never_run(busy: Busy) -> None:
    with http2.RawConnection(busy.server.grpc_port, limit_s=30) as connection:
        connection.hello()
        for stream in (1, 3, 5):
            connection.call(wire.PREDICT, wire.grpc_frame(slow_request(GIVEN_UP)), stream=stream)
        connection.wait_until_read()

    busy.assert_ran_nothing_given_up()


def test_a_rest_request_of_a_closed_connection_never_runs(busy: Busy) -> None:
    body = b'{"instances": [%g]}' % GIVEN_UP
    head = f"POST {slow_model.PREDICT_PATH} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", busy.server.rest_port), 30) as sock:
        sock.sendall(head + body)
        wait_until_waiting(busy)

    busy.assert_ran_nothing_given_up()


def test_the_rest_time_limit_is_504_while_the_runner_is_busy(slow: StartSlow) -> None:
    server, log = slow("--num_runners=1", "--rest_api_timeout_in_ms=300", run_s=2)
    with open_channel(server.grpc_address) as channel:
        busy = Busy(server, log, channel)

        reply = server.post(slow_model.PREDICT_PATH, {"instances": [GIVEN_UP]})

        assert reply.status == 504
        assert reply.error
        assert busy.is_busy()
        busy.assert_ran_nothing_given_up()


def test_a_kept_connection_is_good_after_a_cancelled_call(busy: Busy) -> None:
    with open_channel(busy.server.grpc_address) as channel:
        call = channel.unary_unary(wire.PREDICT)
        for _ in range(3):
            given_up = call.future(slow_request(GIVEN_UP), timeout=60)
            given_up.cancel()

        assert call(slow_request(LAST), timeout=60)
    busy.assert_ran_nothing_given_up()


def wait_until_waiting(busy: Busy) -> None:
    """Give the request just sent the time to arrive: one whole exchange with the server on another connection."""
    for _ in range(3):
        assert busy.server.get("/livez").status == 200
