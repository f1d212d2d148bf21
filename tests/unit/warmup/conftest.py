"""A server without a socket: documents and answers by path."""

from __future__ import annotations

import json

import pytest

from salver.warmup import group


class FakeServer:
    """Answers as an admin listener at 127.0.0.1:8502 does."""

    def __init__(self):
        self.documents = {}
        """JSON by path, for GET."""
        self.answers = {}
        """Status, headers and body by path and query, for POST."""
        self.posted = []

    def connection(self, host, port, timeout):
        assert (host, port) == ("127.0.0.1", 8502)
        return _Connection(self)


class _Connection:
    def __init__(self, server):
        self._server = server

    def request(self, method, target, body=None, headers=None):
        if method == "GET":
            document = self._server.documents.get(target, {"error": f"no {target}", "code": "NOT_FOUND"})
            self._answer = (404 if "error" in document else 200, {}, json.dumps(document).encode())
        else:
            self._server.posted.append((target, body))
            self._answer = self._server.answers[target]

    def getresponse(self):
        return _Answer(*self._answer)

    def close(self):
        pass


class _Answer:
    def __init__(self, status, headers, body):
        self.status, self._headers, self._body = status, headers, body

    def read(self):
        return self._body

    def getheaders(self):
        return [*self._headers.items()]


@pytest.fixture
def server(monkeypatch):
    made = FakeServer()
    monkeypatch.setattr("salver.ctl.client.HTTPConnection", made.connection)
    return made


@pytest.fixture
def run(capsys, monkeypatch):
    """Run `salver warmup`, and return status, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "140")

    def run(*arguments):
        status = group.main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return status, found.out, found.err

    return run
