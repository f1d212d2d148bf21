from __future__ import annotations

import logging

from salver.config import ServerConfig
from salver.config.tls import SslConfigFile
from salver.server.ports import OpenPorts, open_ports
from salver.testing.fake_dataplane import FakeDataPlane


def opened(caplog, **settings):
    plane = FakeDataPlane()
    with caplog.at_level(logging.INFO):
        ports = open_ports(plane, ServerConfig(**settings))
    return plane, ports, [record.message for record in caplog.records]


def test_all_of_them(caplog):
    plane, ports, lines = opened(caplog, host="h", grpc_port=1, rest_port=2, grpc_socket_path="/s")
    assert ports == OpenPorts(1, 2)
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
