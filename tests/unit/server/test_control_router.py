import pytest

from salver.errors import InternalError, NotFoundError, ResourceExhaustedError, UnimplementedError
from salver.server.control_router import ControlRouter, SlowLane, StreamedMessages
from salver.server.http_response import HttpResponse, StreamedResponse
from salver.testing.fake_calls import FakeControlCall


def answer(call, *, grpc=None, http=None):
    ControlRouter(grpc or {}, http or (lambda _: HttpResponse(200)), admin=lambda _: HttpResponse(202)).handle(call)
    return call


def raising(error):
    def handler(_):
        raise error

    return handler


def test_grpc_method_is_answered_by_its_handler():
    call = answer(FakeControlCall.grpc("/p.S/M", b"abc"), grpc={"/p.S/M": bytes.upper})
    assert call.result() == b"ABC"


def test_unknown_grpc_method_is_unimplemented_and_named():
    with pytest.raises(UnimplementedError, match="/p.S/Other"):
        answer(FakeControlCall.grpc("/p.S/Other"), grpc={"/p.S/M": bytes.upper}).result()


def test_notice_of_the_data_plane_is_logged(caplog):
    answer(FakeControlCall("notice", "", "", "", {}, b"Connections cannot be accepted"))
    assert caplog.messages == ["Connections cannot be accepted"]


def test_error_of_a_handler_is_the_answer():
    with pytest.raises(NotFoundError, match="no m"):
        answer(FakeControlCall.grpc("/m"), grpc={"/m": raising(NotFoundError("no m"))}).result()


def test_long_grpc_messages_are_cut():
    with pytest.raises(NotFoundError) as caught:
        answer(FakeControlCall.grpc("/m"), grpc={"/m": raising(NotFoundError("ä" * 1000))}).result()
    assert caught.value.message == "ä" * 512 + "...TRUNCATED"


def test_bug_in_a_handler_is_an_internal_error_that_tells_no_details():
    with pytest.raises(InternalError) as caught:
        answer(FakeControlCall.grpc("/m"), grpc={"/m": raising(ValueError("/secret/path"))}).result()
    assert "secret" not in caught.value.message


def test_http_calls_are_answered_by_the_http_handler():
    call = answer(FakeControlCall.http("GET", "/v1/x"), http=lambda call: HttpResponse(201, (("a", "b"),), b"body"))
    assert (call.response().status, call.response().headers, call.response().body) == (201, {"a": "b"}, b"body")


def test_error_of_the_http_handler_is_the_answer():
    with pytest.raises(NotFoundError, match="no m"):
        answer(FakeControlCall.http("GET", "/v1/x"), http=raising(NotFoundError("no m"))).response()


def test_bug_in_the_http_handler_is_an_internal_error_that_tells_no_details():
    with pytest.raises(InternalError) as caught:
        answer(FakeControlCall.http("GET", "/v1/x"), http=raising(ValueError("/secret"))).response()
    assert caught.value.message == "GET failed inside the server"


def test_calls_of_the_admin_port_have_a_handler_of_their_own():
    assert answer(FakeControlCall.admin("GET", "/v1/x")).response().status == 202


def test_cancelled_call_is_dropped():
    call = FakeControlCall.grpc("/m")
    call.is_cancelled = True
    called = []
    answer(call, grpc={"/m": called.append})
    assert not called


def slow_router(submit):
    return ControlRouter(
        {},
        lambda _: HttpResponse(200),
        admin=lambda _: HttpResponse(202),
        slow_methods={"/slow": lambda call: call.body.upper()},
        slow_lane=SlowLane(submit=submit),
    )


def test_slow_method_is_answered_elsewhere():
    waiting = []
    call = FakeControlCall.grpc("/slow", b"a")
    slow_router(lambda task: waiting.append(task) or True).handle(call)
    waiting.pop()()
    assert call.result() == b"A"


def test_slow_method_is_refused_when_there_is_no_room():
    call = FakeControlCall.grpc("/slow", b"a")
    slow_router(lambda _: False).handle(call)
    with pytest.raises(ResourceExhaustedError, match="/slow"):
        call.result()


def admin_router(submitted, *, has_room=True, refused=()):
    def submit(task):
        submitted.append(task)
        return has_room

    return ControlRouter(
        {},
        lambda _: HttpResponse(200),
        admin=lambda _: HttpResponse(202),
        slow_lane=SlowLane(
            is_slow=lambda call: call.path == "/slow",
            submit=submit,
            on_refused=lambda call, error: refused.append((call.path, error.code.name)),
        ),
    )


def test_slow_calls_of_the_admin_port_run_elsewhere():
    submitted = []
    router = admin_router(submitted)
    quick, slow, other = (
        FakeControlCall.admin("POST", "/quick"),
        FakeControlCall.admin("POST", "/slow"),
        FakeControlCall.http("POST", "/slow"),
    )
    for call in (quick, slow, other):
        router.handle(call)
    assert (quick.response().status, other.response().status, len(submitted)) == (202, 200, 1)
    submitted[0]()
    assert slow.response().status == 202


def test_slow_calls_without_room_are_refused():
    call, refused = FakeControlCall.admin("POST", "/slow"), []
    admin_router([], has_room=False, refused=refused).handle(call)
    with pytest.raises(ResourceExhaustedError, match="Too many calls of /slow"):
        call.response()
    assert refused == [("/slow", "RESOURCE_EXHAUSTED")]


# --- Answers in pieces


def send_two(stream):
    stream.send(b"one")
    stream.send(b"two")
    stream.end()


def test_response_in_pieces_is_begun_and_sent():
    call = answer(FakeControlCall.http("GET", "/x"), http=lambda _: StreamedResponse(200, (("a", "b"),), send_two))
    stream = call.stream()
    assert (stream.status, stream.headers, stream.pieces, stream.is_open) == (200, {"a": "b"}, [b"one", b"two"], False)
    assert stream.error is None


@pytest.mark.parametrize(
    ("error", "want"),
    [
        (NotFoundError("no m"), NotFoundError("no m")),
        (ValueError("/secret"), InternalError("GET failed inside the server")),
    ],
)
def test_error_while_pieces_are_sent_breaks_the_answer_off(error, want):
    call = answer(FakeControlCall.http("GET", "/x"), http=lambda _: StreamedResponse(200, (), raising(error)))
    assert call.stream().error == want


def admin_grpc(call, handler, **kwargs):
    ControlRouter({}, raising(AssertionError), admin=raising(AssertionError), admin_grpc=handler, **kwargs).handle(call)
    return call


def test_grpc_call_of_the_admin_port_has_a_handler_of_its_own():
    call = admin_grpc(FakeControlCall.admin_grpc("/p.S/M", b"abc"), lambda call: call.body.upper())
    assert call.result() == b"ABC"


def test_grpc_call_of_the_admin_port_is_answered_in_several_messages():
    call = admin_grpc(FakeControlCall.admin_grpc("/p.S/M"), lambda _: StreamedMessages(send_two))
    assert call.stream().pieces == [b"one", b"two"]


def test_grpc_call_of_the_admin_port_may_be_slow():
    waiting = []
    call = FakeControlCall.admin_grpc("/p.S/M")
    admin_grpc(
        call, lambda _: b"late", slow_lane=SlowLane(is_slow=lambda call: call.method == "/p.S/M", submit=waiting.append)
    )
    assert len(waiting) == 1


def test_grpc_methods_of_the_admin_port_are_not_those_of_clients():
    call = FakeControlCall.admin_grpc("/p.S/M")
    ControlRouter({"/p.S/M": bytes.upper}, raising(AssertionError), admin=raising(AssertionError)).handle(call)
    with pytest.raises(UnimplementedError):
        call.result()
