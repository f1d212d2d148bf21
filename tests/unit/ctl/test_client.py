from http.client import BadStatusLine, RemoteDisconnected

import pytest

from salver.ctl.client import Address, AdminClient
from salver.errors import FailedPreconditionError, NotFoundError, UnavailableError


def get(path="/v1/batching", address=None):
    return AdminClient(address or Address()).get(path)


def test_the_document_is_read(admin):
    assert get(address=Address("::1", 9)) == {"batching": []}
    assert admin.asked == [("::1", 9, "/v1/batching")]


def test_addresses_are_shown_as_they_are_typed():
    assert (str(Address()), str(Address("::1", 9))) == ("127.0.0.1:8502", "[::1]:9")


def test_refusal_is_the_servers_own(admin):
    with pytest.raises(NotFoundError) as caught:
        get("/v1/batching/rankr")
    assert caught.value.message == "There is no model rankr; did you mean ranker?"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            "no admin listener at 127.0.0.1:8502 (Connection refused); ",
        ),
        (OSError("no such host"), "no admin listener at 127.0.0.1:8502 (no such host); is the server running?"),
        (TimeoutError(), "127.0.0.1:8502 does not answer within 10 s"),
    ],
)
def test_nobody_there(admin, error, message):
    admin.error = error
    with pytest.raises(UnavailableError) as caught:
        get()
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"not JSON"),
        (404, b"<HTML></HTML>"),
        (400, b'{"error": "Malformed request: GET /v1/batching"}'),
        (400, b'{"error": "?", "code": "ODD"}'),
        (500, b"[]"),
    ],
)
def test_somebody_else_there(admin, answer):
    admin.answer = answer
    with pytest.raises(FailedPreconditionError, match="what answers at 127.0.0.1:8502 is no admin listener"):
        get()


def test_no_http_there(admin):
    admin.error = BadStatusLine("\x00")
    with pytest.raises(FailedPreconditionError, match="is no admin listener"):
        get()


@pytest.mark.parametrize("error", [RemoteDisconnected("x"), ConnectionResetError(104, "reset"), BrokenPipeError()])
def test_who_hangs_up_has_ended_or_is_somebody_else(admin, error):
    admin.error = error
    with pytest.raises(UnavailableError, match=r"hung up without an answer: it has ended meanwhile, or is no admin"):
        get()


def test_an_answer_that_breaks_off_is_not_taken_for_somebody_else(admin, monkeypatch):
    admin.answer = 200, b"{"
    monkeypatch.setattr("salver.ctl.client.json.loads", _break_off)
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:8502 broke off in the middle of its answer"):
        get()


def _break_off(_):
    raise ConnectionResetError(104, "reset")


def test_who_asks_is_told_in_characters_that_a_header_has(admin, monkeypatch):
    monkeypatch.setattr("salver.ctl.client.getpass.getuser", lambda: "żuk")
    admin.answer = 200, b"{}"
    AdminClient(Address()).post("/v1/server:drain", {}, 1.0)
    assert admin.sent[0][3]["X-Salver-Actor"] == "?uk (salver ctl)"
