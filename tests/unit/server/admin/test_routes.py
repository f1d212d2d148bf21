import json

import pytest

from salver.server.admin.batching import BatchingReports
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import admin_routes, some_handlers
from salver.server.http_response import text_response
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane


def test_every_path_has_its_handler():
    handlers = some_handlers(
        startup=lambda _: text_response(200, "startup"),
        metrics=lambda call: text_response(200, f"metrics {call.query}"),
        batching=BatchingReports(FakeDataPlane(), lambda: {"m"}),
        profiles=lambda request: text_response(200, f"profile of {request.parameters['model']}"),
    )
    routes = AdminRoutes(admin_routes(handlers))
    bodies = {
        target: routes(FakeControlCall.admin("GET", target)).body.decode()
        for target in ("/startupz", "/metrics?x", "/v1/batching", "/v1/batching/m")
    }
    profile = routes(FakeControlCall.admin("POST", "/v1/batching/m:profile"))
    assert profile.body == b"profile of m"
    assert bodies == {
        "/startupz": "startup",
        "/metrics?x": "metrics x",
        "/v1/batching": '{"batching": []}',
        "/v1/batching/m": '{"batching": []}',
    }


@pytest.mark.parametrize("route", admin_routes(some_handlers()), ids=lambda route: f"{route.method} {route.path}")
def test_every_route_says_what_it_is_about(route):
    if route.path == "/" or route.path.startswith("/console"):
        assert route.about is None, "pages for browsers are no part of the API"
    else:
        assert route.about is not None
        assert not route.about.summary.endswith(".")


def test_the_document_of_the_api_has_every_route():
    table = admin_routes(some_handlers(), "1.2.3")
    document = json.loads(AdminRoutes(table)(FakeControlCall.admin("GET", "/openapi.json")).body)
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(route.method, route.path) for route in table if route.about is not None}
    assert document["info"]["version"] == "1.2.3"
