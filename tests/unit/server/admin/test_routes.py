from salver.server.admin.batching import BatchingReports
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import admin_routes
from salver.server.http_response import text_response
from salver.testing.fake_calls import FakeControlCall
from salver.testing.fake_dataplane import FakeDataPlane


def test_every_path_has_its_handler():
    routes = AdminRoutes(
        admin_routes(
            startup=lambda _: text_response(200, "startup"),
            metrics=lambda call: text_response(200, f"metrics {call.query}"),
            batching=BatchingReports(FakeDataPlane(), lambda: {"m"}),
            profiles=lambda request: text_response(200, f"profile of {request.parameters['model']}"),
        )
    )
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
