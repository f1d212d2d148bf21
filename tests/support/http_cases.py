"""Cases of the REST API, made with a plain HTTP client."""

from __future__ import annotations

import socket

from tests.support.server_process import HttpReply, ServerProcess, exchange
from tests.support.spec_tables import Rest


def check(server: ServerProcess, case: Rest) -> HttpReply:
    """Make the request of a case and compare; a failure shows what was sent, expected and got."""
    reply = exchange(server.rest_port, case.method, case.path, case.body, headers=dict(case.headers))
    shown = case.body if case.body is None or len(case.body) < 2000 else f"{len(case.body)} bytes"
    sent = f"\nrow: {case.what}\nsent: {case.method} {case.path} {shown!r} {dict(case.headers)}"
    sent += f"\ngot: {reply.status} {reply.body[:2000]!r}"
    assert reply.status == case.status, f"expected status {case.status}{sent}"
    if case.text is not None:
        assert reply.body == case.text.encode(), f"expected: {case.text!r}{sent}"
    if case.json is not None:
        assert reply.json() == case.json, f"expected: {case.json}{sent}"
    for piece in case.says:
        assert piece.lower() in reply.error.lower(), f"expected in the message: {piece}{sent}"
    for name, value in case.answers.items():
        assert reply.headers.get(name) == value, f"expected header {name}: {value}, got {reply.headers}{sent}"
    return reply


def talk(server: ServerProcess, data: bytes, *, host: str = "127.0.0.1", limit_s: float = 30.0) -> bytes:
    """Send bytes as they are and read until the server closes."""
    with socket.create_connection((host, server.rest_port), limit_s) as connection:
        connection.sendall(data)
        out = b""
        while piece := connection.recv(65536):
            out += piece
        return out


def split(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers with names in lower case, and body of one answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first, {name.lower(): value for name, value in headers.items()}, body
