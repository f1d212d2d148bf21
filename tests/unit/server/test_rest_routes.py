import json

import pytest

from salver.errors import Code, NotFoundError, error_from_code
from salver.server.http_response import HttpResponse, error_response
from salver.server.rest_routes import ModelRef, RestRoutes
from salver.testing.fake_calls import FakeControlCall


class Routes:
    def __init__(self):
        self.calls = []
        self.routes = RestRoutes(on_status=self._note("status"), on_metadata=self._note("metadata"))

    def _note(self, kind):
        def handler(model):
            self.calls.append((kind, model))
            return HttpResponse(200)

        return handler

    def __call__(self, method, target, **headers):
        return self.routes(FakeControlCall.http(method, target, headers=headers))


@pytest.mark.parametrize(
    ("target", "kind", "model"),
    [
        ("/v1/models/m", "status", ModelRef("m")),
        ("/v1/models/m/versions/12", "status", ModelRef("m", 12)),
        ("/v1/models/m/versions/0000000000000000000000012", "status", ModelRef("m", 12)),
        ("/v1/models/m/labels/stable", "status", ModelRef("m", None, "stable")),
        ("/v1/models/m/metadata", "metadata", ModelRef("m")),
        ("/v1/models/m/versions/12/metadata", "metadata", ModelRef("m", 12)),
        ("/v1/models/m/labels/a%2Fb/metadata", "metadata", ModelRef("m", None, "a/b")),
        ("/v1/models/a%2Fb%3Ac+d%20", "status", ModelRef("a/b:c+d ")),
        ("/V1/Models/m", "status", ModelRef("m")),
        ("/v1/models/metadata", "status", ModelRef("metadata")),
        ("/v1/models/m?x=1", "status", ModelRef("m")),
        ("/v1/models/m/metadata?x=1", "metadata", ModelRef("m")),
        ("/v1/models/m/METADATA", "metadata", ModelRef("m")),
        (f"/v1/models/m/versions/{2**63 - 1}", "status", ModelRef("m", 2**63 - 1)),
    ],
)
def test_get_reaches_its_handler(target, kind, model):
    routes = Routes()
    assert routes("GET", target).status == 200
    assert routes.calls == [(kind, model)]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/m/"),
        ("GET", "/v1/models/m:predict"),
        ("GET", "/v1/models/m/version/1"),
        ("GET", "/v1/models/m/versions/x"),
        ("GET", "/v1/models/m/versions/-1"),
        ("GET", "/v1/models/m/versions/1/labels/x"),
        ("GET", "/v1/"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m:frobnicate"),
        ("PUT", "/v1/models/m"),
        ("DELETE", "/v1/models/m"),
        ("PATCH", "/v1/models/m:predict"),
        ("HEAD", "/v1/models/m"),
    ],
)
def test_other_requests_are_malformed(method, target):
    response = Routes()(method, target)
    assert response.status == 400
    assert json.loads(response.body) == {"error": f"Malformed request: {method} {target}"}


@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("GET", "/v1/models", "Missing model name in request."),
        ("GET", "/v1/models/versions/3", "Missing model name in request."),
        ("GET", f"/v1/models/m/versions/{2**63}", f"Failed to convert version: {2**63} to numeric."),
        ("POST", f"/v1/models/m/versions/{2**63}:predict", f"Failed to convert version: {2**63} to numeric."),
        ("GET", "/v1/models/%zz", "%zz is not percent-encoded: expected two hexadecimal digits after each %"),
        ("GET", "/v1/models/%ff", "%ff is not percent-encoded UTF-8"),
    ],
)
def test_what_is_wrong_with_a_path_is_told(method, target, message):
    response = Routes()(method, target)
    assert response.status == 400
    assert dict(response.headers) == {"content-type": "application/json"}
    assert json.loads(response.body) == {"error": message}


def test_version_of_thousands_of_digits_is_an_ordinary_error():
    assert Routes()("GET", "/v1/models/m/versions/" + "9" * 10_000).status == 400


def test_path_outside_the_api_is_a_404_page():
    response = Routes()("GET", "/v2/models/m")
    assert response.status == 404
    assert dict(response.headers)["content-type"] == "text/html"
    assert response.body == (
        b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"
    )


def test_unknown_verb_is_a_501_page():
    assert Routes()("TRACE", "/v1/models/m").status == 501


def test_error_of_a_handler_becomes_a_json_error():
    def refuse(model):
        raise NotFoundError(f"no {model.name}/")

    routes = RestRoutes(on_status=refuse, on_metadata=refuse)
    response = routes(FakeControlCall.http("GET", "/v1/models/m"))
    assert response.status == 404
    assert response.body == b'{\n    "error": "no m/"\n}'


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Code.CANCELLED, 499),
        (Code.UNKNOWN, 500),
        (Code.INVALID_ARGUMENT, 400),
        (Code.DEADLINE_EXCEEDED, 504),
        (Code.NOT_FOUND, 404),
        (Code.ALREADY_EXISTS, 409),
        (Code.PERMISSION_DENIED, 403),
        (Code.RESOURCE_EXHAUSTED, 429),
        (Code.FAILED_PRECONDITION, 400),
        (Code.ABORTED, 409),
        (Code.OUT_OF_RANGE, 400),
        (Code.UNIMPLEMENTED, 501),
        (Code.INTERNAL, 500),
        (Code.UNAVAILABLE, 503),
        (Code.DATA_LOSS, 500),
        (Code.UNAUTHENTICATED, 401),
    ],
)
def test_http_status_of_each_code(code, status):
    assert error_response(error_from_code(code, "x")).status == status
