from __future__ import annotations

import logging

import pytest

from salver.config import ServerConfig
from salver.config.tls import SslConfigFile
from salver.errors import UnavailableError
from salver.server.ports import OpenPorts, open_admin_port, open_client_ports
from salver.testing.fake_dataplane import FakeDataPlane


def opened(caplog, **settings):
    plane = FakeDataPlane()
    with caplog.at_level(logging.INFO):
        ports = open_client_ports(plane, ServerConfig(**settings), OpenPorts())
    return plane, ports, [record.message for record in caplog.records]


def test_all_of_them(caplog):
    plane, ports, lines = opened(caplog, host="h", grpc_port=1, rest_port=2, grpc_socket_path="/s")
    assert ports == OpenPorts(grpc=1, rest=2)
    assert plane.socket_path == "/s"
    assert lines == [
        "Using InsecureServerCredentials",
        "Running gRPC ModelServer at h:1 ...",
        "Using InsecureServerCredentials",
        "Running gRPC ModelServer at UNIX socket /s ...",
        "Exporting HTTP/REST API at:localhost:2 ...",
    ]


def test_a_socket_alone_with_tls(caplog):
    plane, ports, lines = opened(caplog, grpc_port=None, grpc_socket_path="/s", grpc_tls=SslConfigFile("/ssl"))
    assert (ports, plane.ports) == (OpenPorts(), {})
    assert lines == ["Using SSL credentials", "Running gRPC ModelServer at UNIX socket /s ..."]


def test_ports_of_clients_come_to_those_that_are_open():
    ports = open_client_ports(FakeDataPlane(), ServerConfig(grpc_port=1), OpenPorts(admin=3))
    assert ports == OpenPorts(admin=3, grpc=1)


def admin_opened(caplog, plane, **settings):
    with caplog.at_level(logging.INFO):
        ports = open_admin_port(plane, ServerConfig(admin_port=3, **settings))
    return ports, [record.message for record in caplog.records]


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_admin_port_is_told(caplog, host, shown):
    ports, lines = admin_opened(caplog, FakeDataPlane(), admin_host=host)
    assert (ports, lines) == (OpenPorts(admin=3), [f"Admin listener at http://{shown}:3"])


def test_no_admin_port_opens_none():
    plane = FakeDataPlane()
    assert open_admin_port(plane, ServerConfig()) == OpenPorts()
    assert plane.ports == {}


def test_admin_port_that_was_asked_for_and_is_taken_is_an_error():
    plane = FakeDataPlane()
    plane.taken_ports = {3}
    with pytest.raises(UnavailableError, match="h:3: the port is taken"):
        open_admin_port(plane, ServerConfig(admin_port=3, admin_host="h"))


@pytest.mark.parametrize(
    ("taken", "settings", "reason"),
    [({3}, {}, "the port is taken"), (set(), {"grpc_port": 3}, "gRPC or REST"), (set(), {"rest_port": 3}, "port 3")],
)
def test_without_the_default_admin_port_the_server_goes_on_with_one_warning(caplog, taken, settings, reason):
    plane = FakeDataPlane()
    plane.taken_ports = taken
    ports, lines = admin_opened(caplog, plane, is_admin_port_optional=True, **settings)
    assert (ports, plane.ports) == (OpenPorts(), {})
    assert len(lines) == 1
    assert reason in lines[0]
    assert "--admin_port" in lines[0]
