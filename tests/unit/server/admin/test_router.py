import json

import pytest

from salver.errors import NotFoundError, PermissionDeniedError, ResourceExhaustedError
from salver.server.admin.about import TEXT, About, Effect
from salver.server.admin.audit import AuditLog
from salver.server.admin.router import AdminRoutes, Route
from salver.server.http_response import HttpResponse
from salver.testing.fake_calls import FakeControlCall

THING = "/v1/things/{thing}"


def routes():
    def handler(name):
        return lambda request: HttpResponse(200, body=f"{name} {dict(request.parameters)}".encode())

    table = [
        ("GET", "/a"),
        ("POST", "/a"),
        ("GET", "/v1/things"),
        ("GET", "/v1/things/{thing}"),
        ("PUT", "/v1/{x}/{y}"),
    ]
    slow = Route("POST", "/v1/things/{thing}:weigh", handler("weigh"), is_slow=True)
    slow_look = Route("GET", "/m", handler("m"), is_slow=True)
    return AdminRoutes([slow, slow_look, *(Route(method, path, handler(f"{method} {path}")) for method, path in table)])


def ask(method, target):
    return routes()(FakeControlCall.admin(method, target))


@pytest.mark.parametrize(
    ("method", "target", "said"),
    [
        ("GET", "/a", "GET /a {}"),
        ("GET", "/a?x=1", "GET /a {}"),
        ("HEAD", "/a", "GET /a {}"),
        ("POST", "/a", "POST /a {}"),
        ("GET", "/v1/things", "GET /v1/things {}"),
        ("GET", "/v1/things/m", "GET /v1/things/{thing} {'thing': 'm'}"),
        ("GET", "/v1/things/a%2Fb%20c", "GET /v1/things/{thing} {'thing': 'a/b c'}"),
        ("PUT", "/v1/other/m", "PUT /v1/{x}/{y} {'x': 'other', 'y': 'm'}"),
        ("POST", "/v1/things/a%3Ab:weigh", "weigh {'thing': 'a:b'}"),
        ("GET", "/v1/things/m:other", "GET /v1/things/{thing} {'thing': 'm:other'}"),
    ],
)
def test_request_reaches_its_handler(method, target, said):
    assert ask(method, target).body.decode() == said


@pytest.mark.parametrize(
    ("method", "allowed"), [("PUT", "GET, POST"), ("OPTIONS", "GET, POST"), ("DELETE", "GET, POST")]
)
def test_other_method_is_refused_with_those_there_are(method, allowed):
    answer = ask(method, "/a")
    assert (answer.status, dict(answer.headers)["allow"]) == (405, allowed)
    assert json.loads(answer.body) == {"error": f"/a takes {allowed}, not {method}", "code": "UNIMPLEMENTED"}


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("/v1/thing", "did you mean /v1/things?"),
        ("/v1/things/", "did you mean /v1/things?"),
        ("/readyz/", "did you mean /readyz?"),
        ("/livezz", "did you mean /livez?"),
        ("/v2/things/lamp", "did you mean /v1/things/lamp?"),
        ("/v1/a/lamp:weight/x", "GET /openapi.json says what there is"),
        ("/v1/things/lamp:weight/", "did you mean /v1/things/{thing}:weigh?"),
        ("/", "GET /openapi.json says what there is"),
    ],
)
def test_unknown_path_names_the_nearest_or_where_all_stand(target, hint):
    with pytest.raises(NotFoundError) as caught:
        ask("GET", target)
    assert caught.value.message == f"There is no {target} here; {hint}"


@pytest.mark.parametrize("verb", [":predict", ":classify", ":regress", "/metadata"])
@pytest.mark.parametrize("model", ["m", "m/versions/3", "m/labels/stable"])
def test_paths_of_clients_are_said_to_be_elsewhere(model, verb):
    table = AdminRoutes([Route("PATCH", "/v1/models/{model}", refuse), Route("GET", "/v1/models/{x}/{y}/{z}", refuse)])
    path = f"/v1/models/{model}{verb}"
    with pytest.raises(NotFoundError) as caught:
        table(FakeControlCall.admin("POST", path))
    assert caught.value.message == f"There is no {path} here; the REST port has it"


def test_long_path_is_not_repeated():
    with pytest.raises(NotFoundError) as caught:
        ask("GET", f"/{'x/' * 10_000}")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("method", "target", "is_slow"),
    [
        ("POST", "/v1/things/m:weigh", True),
        ("GET", "/m", True),
        ("HEAD", "/m", True),
        ("GET", "/v1/things/m:weigh", False),
        ("POST", "/v1/things/:weigh", False),
        ("GET", "/v1/things/m", False),
        ("GET", "/nothing", False),
    ],
)
def test_slow_routes_are_known(method, target, is_slow):
    assert routes().is_slow(FakeControlCall.admin(method, target)) is is_slow


def refuse(call):
    raise PermissionDeniedError("not from there")


def audited(audit):
    return [(one.request, one.actor, one.address, one.outcome) for one in audit.document().audit]


def test_what_the_check_refuses_is_audited_whatever_it_asks():
    audit = AuditLog()
    table = AdminRoutes([], refuse, audit)
    for method, target in (("DELETE", "/v1/models/m"), ("GET", "/v1/models?x=1")):
        with pytest.raises(PermissionDeniedError):
            table(FakeControlCall.admin(method, target, headers={"x-salver-actor": "eve"}))
    assert audited(audit) == [
        ("GET /v1/models", "eve", "192.0.2.1:5000", "PERMISSION_DENIED"),
        ("DELETE /v1/models/m", "eve", "192.0.2.1:5000", "PERMISSION_DENIED"),
    ]


def test_of_calls_without_room_those_are_audited_that_might_have_changed_something():
    audit = AuditLog()
    looks = Route("GET", "/m", refuse, is_slow=True, about=About(summary="Look", answer=TEXT))
    acts = Route("POST", "/m", refuse, is_slow=True, about=About(summary="Act", answer=TEXT, effect=Effect.ACT))
    table = AdminRoutes([looks, acts], audit=audit)
    for method, path in (("GET", "/m"), ("POST", "/m"), ("POST", "/nothing")):
        table.note_refusal(FakeControlCall.admin(method, path), ResourceExhaustedError("too many"))
    assert audited(audit) == [("POST /m", None, "192.0.2.1:5000", "RESOURCE_EXHAUSTED")]


def test_of_calls_without_room_those_that_the_check_refuses_are_told_as_that():
    audit = AuditLog()
    acts = Route("POST", "/m", refuse, is_slow=True, about=About(summary="Act", answer=TEXT, effect=Effect.ACT))
    table = AdminRoutes([acts], refuse, audit)
    table.note_refusal(FakeControlCall.admin("POST", "/m"), ResourceExhaustedError("too many"))
    assert audited(audit) == [("POST /m", None, "192.0.2.1:5000", "PERMISSION_DENIED")]
