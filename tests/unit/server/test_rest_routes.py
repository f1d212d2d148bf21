import pytest

from salver.errors import InvalidArgumentError
from salver.server.http_response import HttpResponse
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
    with pytest.raises(InvalidArgumentError) as caught:
        Routes()(method, target)
    assert caught.value.message == f"Malformed request: {method} {target}"


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
    with pytest.raises(InvalidArgumentError) as caught:
        Routes()(method, target)
    assert caught.value.message == message


def test_version_of_thousands_of_digits_is_an_ordinary_error():
    with pytest.raises(InvalidArgumentError, match="Failed to convert version"):
        Routes()("GET", "/v1/models/m/versions/" + "9" * 10_000)


def test_path_outside_the_api_is_a_404_page():
    response = Routes()("GET", "/v2/models/m")
    assert response.status == 404
    assert dict(response.headers)["content-type"] == "text/html"
    assert response.body == (
        b"<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n"
    )


def test_unknown_verb_is_a_501_page():
    assert Routes()("TRACE", "/v1/models/m").status == 501


def test_a_page_goes_before_the_api_for_any_method_and_its_exact_path_alone():
    routes = RestRoutes(
        on_status=lambda _: HttpResponse(200),
        on_metadata=lambda _: HttpResponse(200),
        pages={"/v1/page": lambda call: HttpResponse(201, body=call.query.encode())},
    )

    def answer(method, target):
        return routes(FakeControlCall.http(method, target))

    assert [answer(method, "/v1/page").status for method in ("GET", "POST", "OPTIONS")] == [201, 201, 201]
    assert answer("GET", "/v1/page?a=b").body == b"a=b"
    assert answer("TRACE", "/v1/page").status == 501
    for other in ("/V1/page", "/v1/page/"):
        with pytest.raises(InvalidArgumentError):
            answer("GET", other)
