import json

import pytest

from salver.errors import AbortedError, InvalidArgumentError, NotFoundError, ResourceExhaustedError, UnimplementedError
from salver.server.admin.audit import AuditLog
from salver.server.admin.grpc.methods import METHODS
from salver.server.admin.grpc.service import SERVICE, AdminService
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import admin_routes, some_handlers
from salver.server.control_router import StreamedMessages
from salver.server.events.event_log import EventLog
from salver.server.events.event_watchers import EventWatchers
from salver.server.http_response import StreamedResponse, json_error, json_response
from salver.testing.fake_calls import FakeAnswerStream, FakeControlCall
from salver.wire.pool import message_class, pool

PACKAGE = "salver.admin.v1"
TABLE = admin_routes(some_handlers())


def is_typed(about):
    """Whether documents go in and out, so that a message could say as much."""
    if about is None or about.answer.kind is None:
        return False
    return about.body is None or about.body.kind is not None


class Rest:
    """Keeps the requests, and answers what the test says."""

    def __init__(self, answer=None):
        self.asked = []
        self.answer = answer or json_response("{}")

    def __call__(self, call):
        self.asked.append((call.method, call.path, call.query, call.body))
        self.headers = call.headers
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def log():
    return EventLog(clock=lambda: 1000.0)


def service(rest, log):
    return AdminService(rest, log, EventWatchers(log), {"/other/Method": bytes.upper})


def message(name, /, **values):
    return message_class(f"{PACKAGE}.{name}")(**values)


def call_of(method, request=None, **metadata):
    body = b"" if request is None else request.SerializeToString()
    named = {name.replace("_", "-"): value for name, value in metadata.items()}
    return FakeControlCall.admin_grpc(f"/{SERVICE}/{method}", body, headers=named)


@pytest.mark.parametrize(
    ("method", "request_message", "want"),
    [
        ("GetServer", message("GetServerRequest"), ("GET", "/v1/server", "", b"")),
        ("GetModel", message("GetModelRequest", model="a/b c"), ("GET", "/v1/models/a%2Fb%20c", "", b"")),
        ("ListModels", message("ListModelsRequest", name="a*"), ("GET", "/v1/models", "name=a%2A", b"")),
        (
            "GetVersion",
            message("GetVersionRequest", model="m", version=3),
            ("GET", "/v1/models/m/versions/3", "", b""),
        ),
        (
            "AddModel",
            message("AddModelRequest", name="m", base_path="/m", dry_run=True, wait_s=2.5),
            ("POST", "/v1/models", "dry_run=true&wait_s=2.5", b'{"name": "m", "base_path": "/m"}'),
        ),
        (
            "SetLabel",
            message("SetLabelRequest", model="m", label="stable", version=0),
            ("PUT", "/v1/models/m/labels/stable", "", b'{"version": 0}'),
        ),
        ("RemoveModel", message("RemoveModelRequest", model="m"), ("DELETE", "/v1/models/m", "", b"")),
        ("Drain", message("DrainRequest", wait_s=1), ("POST", "/v1/server:drain", "", b'{"wait_s": 1.0}')),
    ],
)
def test_call_is_the_request_that_it_stands_for(log, method, request_message, want):
    rest = Rest()
    assert service(rest, log)(call_of(method, request_message, x_salver_actor="me")) == b""
    assert rest.asked == [want]
    assert ("x-salver-actor", "me") in rest.headers


def test_patch_is_the_whole_body(log):
    request = message("UpdateModelRequest", model="m")
    request.patch.update({"base_path": "/new", "aspired_version_policy": None})
    rest = Rest()
    service(rest, log)(call_of("UpdateModel", request))
    method, path, _, body = rest.asked[0]
    assert (method, path, json.loads(body)) == (
        "PATCH",
        "/v1/models/m",
        {"base_path": "/new", "aspired_version_policy": None},
    )


def test_answer_is_the_message_with_the_fields_of_the_document(log):
    document = json_response('{"state": "SERVING", "num_models": 2, "resident_bytes": null, "ports": {"grpc": 1}}')
    found = message_class(f"{PACKAGE}.Server").FromString(service(Rest(document), log)(call_of("GetServer")))
    assert (found.state, found.num_models, found.ports.grpc, found.HasField("resident_bytes")) == (
        "SERVING",
        2,
        1,
        False,
    )


def test_refusals_are_those_of_rest(log):
    lost = json_error(412, AbortedError.code, "changed meanwhile")
    with pytest.raises(AbortedError, match="changed meanwhile"):
        service(Rest(lost), log)(call_of("GetServer"))
    with pytest.raises(NotFoundError, match="no m"):
        service(Rest(NotFoundError("no m")), log)(call_of("GetServer"))


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/other.Service/X", ""),
        (f"/{SERVICE}/Predict", ""),
        ("/tensorflow.serving.PredictionService/GetModelMetadata", "; the gRPC port has it"),
    ],
)
def test_what_is_no_method_is_unimplemented(log, path, hint):
    with pytest.raises(UnimplementedError) as caught:
        service(Rest(), log)(FakeControlCall.admin_grpc(path))
    assert caught.value.message == f"Method {path} is not implemented by the admin port{hint}"


def test_malformed_message_is_refused(log):
    with pytest.raises(InvalidArgumentError, match="GetModelRequest"):
        service(Rest(), log)(FakeControlCall.admin_grpc(f"/{SERVICE}/GetModel", b"\xff"))


def test_call_that_names_no_model_is_refused(log):
    with pytest.raises(InvalidArgumentError, match="GetModel needs a model"):
        service(Rest(), log)(call_of("GetModel"))


def test_further_services_are_answered(log):
    assert service(Rest(), log)(FakeControlCall.admin_grpc("/other/Method", b"a")) == b"A"


def test_answer_that_is_sent_before_the_act_is_translated(log):
    acts = []

    def send(stream):
        stream.send(b'{"state": "DRAINING"}')
        stream.end()
        acts.append(stream.is_open)

    answer = service(Rest(StreamedResponse(202, (), send)), log)(call_of("Drain"))
    assert isinstance(answer, StreamedMessages)
    stream = FakeAnswerStream()
    answer.send(stream)
    assert message_class(f"{PACKAGE}.ServerState").FromString(stream.pieces[0]).state == "DRAINING"
    assert acts == [False]


def test_events_are_listed_and_watched(log, monkeypatch):
    monkeypatch.setattr(EventWatchers, "_run", lambda _: None)
    watchers = EventWatchers(log, clock=lambda: 0.0)
    admin = AdminService(Rest(), log, watchers, {})
    log.add("state", model="m", version=1, state="AVAILABLE")
    log.add("server", state="SERVING")
    request = message("EventsRequest", after=0, type=["state"])
    listed = message_class(f"{PACKAGE}.Events").FromString(admin(call_of("ListEvents", request)))
    assert [(event.model, event.state) for event in listed.events] == [("m", "AVAILABLE")]
    assert listed.last_id == log.last_id

    stream = FakeAnswerStream()
    admin(call_of("WatchEvents", request)).send(stream)
    watchers.step()
    assert [message_class(f"{PACKAGE}.Event").FromString(piece).model for piece in stream.pieces] == ["m"]
    with pytest.raises(InvalidArgumentError, match="did you mean state"):
        admin(call_of("WatchEvents", message("EventsRequest", type=["stat"])))


def test_slow_methods_are_those_whose_routes_are_slow(log):
    routes = AdminRoutes(TABLE)
    admin = service(routes, log)
    slow = {method.name for method in METHODS if admin.is_slow(call_of(method.name))}
    quick = {"GetServer", "Drain", "ListModels", "GetModel", "GetVersion", "ListAudit"}
    assert slow == {method.name for method in METHODS} - quick
    assert not admin.is_slow(call_of("WatchEvents"))


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (message("PinModelRequest", model="m", version=3).SerializeToString(), "/v1/models/m:pin"),
        (b"\xff", "/v1/models/{model}:pin"),
    ],
)
def test_call_without_room_is_audited_as_the_request_that_it_stands_for(log, body, path):
    audit = AuditLog()
    admin = service(AdminRoutes(TABLE, audit=audit), log)
    call = FakeControlCall.admin_grpc(f"/{SERVICE}/PinModel", body, headers={"x-salver-actor": "me"})
    admin.note_refusal(call, ResourceExhaustedError("too many"))
    admin.note_refusal(call_of("WatchEvents"), ResourceExhaustedError("too many"))
    (entry,) = audit.document().audit
    assert (entry.request, entry.actor, entry.address) == (f"POST {path}", "me", "192.0.2.1:5000")


def test_every_method_of_the_service_is_in_the_table_and_every_typed_route_is_a_method():
    described = pool().FindServiceByName(SERVICE)
    assert {method.name for method in described.methods} == {method.name for method in METHODS} | {
        "ListEvents",
        "WatchEvents",
    }
    for method in METHODS:
        assert described.methods_by_name[method.name].input_type.name == method.request_name
        assert described.methods_by_name[method.name].output_type.name == method.answer
    typed = {(route.method, route.path) for route in TABLE if is_typed(route.about) and "/debug" not in route.path}
    assert {(method.verb, method.path) for method in METHODS} == typed
