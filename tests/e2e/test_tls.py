"""TLS and mutual TLS on both ports, and certificates that change while the server serves."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from tests.support import wire
from tests.support.certificates import Authority, Identity, ssl_config
from tests.support.models import HALF_PLUS_TWO, config_file, half_plus_two_request, is_half_plus_two
from tests.support.server_process import ServerProcess, wait_until

pytestmark = pytest.mark.timeout(180)
StartServer = Callable[..., ServerProcess]
MODELS = {"half_plus_two": HALF_PLUS_TWO}
REQUEST = half_plus_two_request(1.0)
ROTATION_LIMIT_S = 60


class SecuredProcess(ServerProcess):
    """A server whose REST port may have TLS: it is ready when its log says so."""

    def is_answering(self, path: str) -> bool:
        del path
        return "Exporting HTTP/REST API" in self.output()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def stranger(tmp_path):
    return Authority(tmp_path / "stranger", "stranger")


@pytest.fixture
def start(tmp_path):
    """Start a server with flags; it is stopped after the test."""
    started = []

    def start(*flags: object) -> ServerProcess:
        models = f"--model_config_file={config_file(tmp_path, MODELS)}"
        server = SecuredProcess((models, *map(str, flags)), tmp_path / f"server{len(started)}.log")
        started.append(server)
        return server.__enter__()

    yield start
    for server in started:
        server.__exit__(None, None, None)


def file_flags(identity: Identity, client_ca: Path | None = None) -> list[str]:
    flags = [f"--ssl_cert_file={identity.certificate}", f"--ssl_key_file={identity.key}"]
    return [*flags, f"--ssl_client_ca_file={client_ca}"] if client_ca else flags


def open_grpc(
    server: ServerProcess, authority: Authority, identity: Identity | None = None, *, port: int | None = None
) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(
        authority.certificate.read_bytes(),
        identity.key.read_bytes() if identity else None,
        identity.certificate.read_bytes() if identity else None,
    )
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    return grpc.secure_channel(f"localhost:{port or server.grpc_port}", credentials, options)


def grpc_code(server: ServerProcess, authority: Authority, identity: Identity | None = None) -> str:
    """How one Predict call on a new connection ends."""
    with open_grpc(server, authority, identity) as channel:
        try:
            answer = channel.unary_unary(wire.PREDICT)(REQUEST, timeout=10)
        except grpc.RpcError as error:
            return error.code().name
        assert is_half_plus_two(1.0)(answer)
        return "OK"


def predict_rest(connection: http.client.HTTPConnection) -> list[float]:
    connection.request("POST", "/v1/models/half_plus_two:predict", '{"instances": [1.0]}')
    return json.loads(connection.getresponse().read())["predictions"]


def open_rest(server: ServerProcess, authority: Authority, identity: Identity | None = None):
    return http.client.HTTPSConnection(
        "localhost", server.rest_port, timeout=10, context=authority.client_context(identity)
    )


def is_rest_served(server: ServerProcess, authority: Authority, identity: Identity | None = None) -> bool:
    connection = open_rest(server, authority, identity)
    try:
        return predict_rest(connection) == [2.5]
    except (ssl.SSLError, ConnectionError):
        return False
    finally:
        connection.close()


def shown_certificate(port: int, authority: Authority) -> bytes:
    """What a new connection to this port is shown."""
    context = authority.client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
        assert shown is not None
        return shown


def test_ssl_config_file_secures_grpc_and_leaves_rest_open(start, authority, stranger, tmp_path):
    config = ssl_config(tmp_path / "ssl.config", authority.sign("server"))
    server = start(f"--ssl_config_file={config}")

    assert grpc_code(server, authority) == "OK"
    assert grpc_code(server, stranger) == "UNAVAILABLE", "a client that trusts another authority refuses the server"
    assert server.get("/readyz").status == 200
    assert server.output().count("Using SSL credentials") == 1


def test_clients_must_show_their_certificate(start, authority, stranger, tmp_path):
    config = ssl_config(tmp_path / "ssl.config", authority.sign("server"), client_ca=authority.certificate)
    server = start(f"--ssl_config_file={config}", "--rest_api_use_tls")
    good, bad = authority.sign("client"), stranger.sign("client")

    assert [grpc_code(server, authority, identity) for identity in (good, bad, None)] == [
        "OK",
        "UNAVAILABLE",
        "UNAVAILABLE",
    ]
    assert [is_rest_served(server, authority, identity) for identity in (good, bad, None)] == [True, False, False]
    assert "TLS handshakes fail" in server.output()


def test_rest_may_have_credentials_of_its_own(start, authority, tmp_path):
    grpc_flags = file_flags(authority.sign("server"), authority.certificate)
    config = ssl_config(tmp_path / "rest.config", authority.sign("rest"))
    server = start(*grpc_flags, f"--rest_api_ssl_config_file={config}")

    assert is_rest_served(server, authority), "REST asks for no client certificate"
    assert grpc_code(server, authority) == "UNAVAILABLE"
    assert grpc_code(server, authority, authority.sign("client")) == "OK"


def test_both_http_versions_are_chosen_by_alpn(start, authority):
    server = start(*file_flags(authority.sign("server")), "--rest_api_use_tls")
    context = authority.client_context()
    for port, offered, chosen in (
        (server.rest_port, ["h2", "http/1.1"], "h2"),
        (server.rest_port, ["http/1.1"], "http/1.1"),
        (server.grpc_port, ["h2"], "h2"),
    ):
        context.set_alpn_protocols(offered)
        with (
            socket.create_connection(("127.0.0.1", port), 10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            assert secured.selected_alpn_protocol() == chosen
    with open_grpc(server, authority, port=server.rest_port) as channel:  # gRPC is HTTP/2
        assert is_half_plus_two(1.0)(channel.unary_unary(wire.PREDICT)(REQUEST, timeout=10))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions(start, authority, version):
    server = start(*file_flags(authority.sign("server")), "--rest_api_use_tls")
    context = authority.client_context()
    context.minimum_version = context.maximum_version = version
    connection = http.client.HTTPSConnection("localhost", server.rest_port, timeout=10, context=context)
    assert predict_rest(connection) == [2.5]
    connection.close()


def test_a_new_certificate_is_taken_up_while_clients_call(start, authority, tmp_path):
    """As Kubernetes does it: the files stay, a symbolic link on their way changes."""
    first, second = authority.sign("first"), authority.sign("second")
    mount = kubernetes_mount(tmp_path / "mount", first)
    server = start(*file_flags(mount), "--rest_api_use_tls")
    ports = (server.grpc_port, server.rest_port)
    before = [shown_certificate(port, authority) for port in ports]
    kept = open_rest(server, authority)
    with open_grpc(server, authority) as channel:
        call = channel.unary_unary(wire.PREDICT)
        predict_rest(kept)
        own_port = kept.sock.getsockname()
        call(REQUEST, timeout=10)
        kubernetes_mount(tmp_path / "mount", second)

        def has_changed() -> bool:
            assert predict_rest(kept) == [2.5]
            call(REQUEST, timeout=10)
            after = [shown_certificate(port, authority) for port in ports]
            return all(new != old for new, old in zip(after, before, strict=True))

        wait_until(has_changed, ROTATION_LIMIT_S, "the new certificate")
        assert predict_rest(kept) == [2.5]
        assert kept.sock.getsockname() == own_port, "the connection was kept"
        call(REQUEST, timeout=10)
    kept.close()
    assert grpc_code(server, authority) == "OK"


def kubernetes_mount(folder: Path, identity: Identity) -> Identity:
    """Lay the files out as a mounted secret has them, or swap them as an update does."""
    folder.mkdir(exist_ok=True)
    data = folder / f"..{identity.certificate.stem}"
    data.mkdir()
    (data / "tls.crt").write_bytes(identity.certificate.read_bytes())
    (data / "tls.key").write_bytes(identity.key.read_bytes())
    link = folder / "..data_tmp"
    link.symlink_to(data.name)
    os.replace(link, folder / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    return Identity(folder / "tls.crt", folder / "tls.key")


def test_a_bad_new_certificate_keeps_the_old_one(start, authority, stranger):
    identity, other = authority.sign("server"), stranger.sign("other")
    server = start(*file_flags(identity))
    before = shown_certificate(server.grpc_port, authority)

    identity.certificate.write_bytes(other.certificate.read_bytes())  # the key stays that of the first
    refusal = "The TLS credentials of the gRPC port stay as they are"
    wait_until(lambda: refusal in server.output(), ROTATION_LIMIT_S, "the refusal")

    assert shown_certificate(server.grpc_port, authority) == before
    assert grpc_code(server, authority) == "OK"
    assert server.output().count(refusal) == 1
    assert "PRIVATE" not in server.output()


def test_a_certificate_that_expires_soon_is_told(start, authority):
    server = start(*file_flags(authority.sign("server", days=3)))
    assert "The TLS certificate of the gRPC port expires in" in server.output()


@pytest.mark.parametrize(
    ("certificate", "key", "told"),
    [
        ("server.pem", "missing.key", "missing.key"),
        ("server.pem", "other.key", "other.key: is not the private key of the certificate in"),
        ("server.key", "server.key", "server.key: holds no PEM certificate"),
    ],
)
def test_bad_credentials_stop_the_start(tmp_path, authority, certificate, key, told):
    folder = authority.sign("server").certificate.parent
    authority.sign("other")
    models = config_file(tmp_path, MODELS)
    command = [sys.executable, "-m", "salver", "serve", "--port=1", f"--model_config_file={models}"]
    command += [f"--ssl_cert_file={folder / certificate}", f"--ssl_key_file={folder / key}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 255
    line = done.stdout.strip()
    assert line.startswith("Failed to start server. Error: ")
    assert told in line
    assert "\n" not in line
    assert "PRIVATE KEY-" not in done.stdout + done.stderr


def test_plain_clients_of_a_secured_port_do_no_harm(start, authority):
    server = start(*file_flags(authority.sign("server")), "--rest_api_use_tls")
    for port in (server.grpc_port, server.rest_port):
        with socket.create_connection(("127.0.0.1", port), 10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert b"200" not in plain.recv(1000)
    assert grpc_code(server, authority) == "OK"
    assert is_rest_served(server, authority)
