"""An admin listener without a socket: the real routes, behind what looks like an HTTP connection."""

from __future__ import annotations

import io
import json

import pytest

from salver.boundary import ModelRow, TargetSpec
from salver.errors import SalverError
from salver.server.admin.batching import BatchingReports
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import admin_routes, some_handlers
from salver.server.http_response import text_response
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane


class FakeAdmin:
    """Answers as an admin listener at 127.0.0.1:8502 does."""

    def __init__(self):
        self.plane = FakeDataPlane()
        self.names = {"ranker", "tagger"}
        self.error = None
        """Raised in place of an answer."""
        self.answer = None
        """Status and body in place of the real ones."""
        self.answers = {}
        """Status and document by method and path, in place of what the routes say."""
        self.asked = []
        """Host, port and target of each request."""
        self.sent = []
        """Method, target, document and headers of each."""
        page = text_response(200, "")
        handlers = some_handlers(
            startup=lambda _: page,
            metrics=lambda _: page,
            batching=BatchingReports(self.plane, lambda: self.names),
            profiles=lambda _: page,
        )
        self._routes = AdminRoutes(admin_routes(handlers))

    def report(self, *reports):
        """Have these reports told, of versions that serve."""
        self.plane.reports = list(reports)
        self.plane.publish(
            [
                ModelRow(item.model, [self.plane.new_target(TargetSpec(name=item.model, version=item.version))])
                for item in reports
            ]
        )

    def respond(self, host, port, method, target, body, headers):
        self.asked.append((host, port, target))
        self.sent.append((method, target, None if body is None else json.loads(body), headers))
        if self.error is not None:
            raise self.error
        if self.answer is not None:
            return self.answer
        path = target.partition("?")[0]
        if (method, path) in self.answers:
            status, document = self.answers[method, path]
            return status, document if isinstance(document, bytes) else json.dumps(document).encode()
        return self._routed(FakeControlCall.admin(method, path))

    def _routed(self, call):
        try:
            response = self._routes(call)
        except SalverError as error:  # as the data plane writes it
            body = {"error": error.message, "code": error.code.name}
            return {"NOT_FOUND": 404}[error.code.name], json.dumps(body).encode()
        return response.status, response.body


@pytest.fixture
def admin(monkeypatch):
    fake = FakeAdmin()

    class Connection:
        def __init__(self, host, port, timeout):
            assert timeout > 0
            self._address = (host, port)

        def request(self, method, target, body, headers):
            self.status, found = fake.respond(*self._address, method, target, body, headers)
            self._body = io.BytesIO(found)

        def getresponse(self):
            return self

        def read(self):
            return self._body.read()

        def readline(self):
            return self._body.readline()

        def close(self):
            pass

    monkeypatch.setattr("salver.ctl.client.HTTPConnection", Connection)
    return fake
