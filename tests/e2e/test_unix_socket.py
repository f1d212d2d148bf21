"""gRPC over a Unix socket, beside the port and instead of it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import grpc
import pytest

from tests.support import wire
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, open_channel

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
MODELS = {"half_plus_two": HALF_PLUS_TWO}


class SocketOnly(ServerProcess):
    """A server without a gRPC port."""

    def port_flags(self) -> list[str]:
        return ["--port=0", f"--rest_api_port={self.rest_port}"]


def predict(address: str) -> bool:
    with open_channel(address) as channel:
        return is_half_plus_two(1.0)(channel.unary_unary(wire.PREDICT)(half_plus_two_request(1.0), timeout=30))


def test_beside_the_port(start_server: StartServer, tmp_path):
    path = tmp_path / "grpc.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = start_server(f"--grpc_socket_path={path}", models=MODELS)

    assert predict(f"unix:{path}")
    assert predict(server.grpc_address)
    assert f"Running gRPC ModelServer at UNIX socket {path} ..." in server.output()
    assert server.output().count("Using InsecureServerCredentials") == 2
    server.process.terminate()
    assert server.wait() == 0
    assert not path.exists()


def test_instead_of_the_port_and_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = ("--model_name=half_plus_two", f"--model_base_path={HALF_PLUS_TWO}", "--grpc_socket_path=relative.sock")
    with SocketOnly(flags, tmp_path / "server.log") as server:
        assert predict(f"unix:{os.fspath(tmp_path / 'relative.sock')}")
        with open_channel(server.grpc_address) as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary(wire.PREDICT)(half_plus_two_request(1.0), timeout=5)


def test_the_socket_of_a_live_server_stops_the_start(start_server: StartServer, tmp_path):
    path = tmp_path / "grpc.sock"
    start_server(f"--grpc_socket_path={path}", models=MODELS)
    second = ServerProcess(
        ("--model_name=m", f"--model_base_path={HALF_PLUS_TWO}", f"--grpc_socket_path={path}"), tmp_path / "second.log"
    )
    second.start()
    assert second.wait() == 255
    assert "another server listens there" in second.output()
    assert predict(f"unix:{path}")
