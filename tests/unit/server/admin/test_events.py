import json

import pytest

from salver.errors import InvalidArgumentError, ResourceExhaustedError
from salver.server.admin.events import MAX_LATEST, Events
from salver.server.admin.router import AdminRoutes
from salver.server.admin.routes import admin_routes, some_handlers
from salver.server.events.event_log import EventLog
from salver.server.events.event_watchers import EventWatchers
from salver.testing.fake_calls import FakeAnswerStream, FakeControlCall

START = 1_000_000


@pytest.fixture
def log():
    log = EventLog(clock=lambda: START / 1000)
    log.add("server", state="STARTING")
    log.add("state", model="m", version=1, state="AVAILABLE")
    return log


@pytest.fixture
def watchers(log, monkeypatch):
    monkeypatch.setattr(EventWatchers, "_run", lambda _: None)
    return EventWatchers(log, clock=lambda: 0.0)


def ask(log, watchers, query="", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    call = FakeControlCall.admin("GET", f"/v1/events?{query}", headers=named)
    return AdminRoutes(admin_routes(some_handlers(events=Events(log, watchers))))(call)


def streamed(log, watchers, query="", **headers):
    stream = FakeAnswerStream()
    ask(log, watchers, query, **headers).send(stream)
    watchers.step()
    return stream.pieces


def test_stream_has_the_form_of_server_sent_events(log, watchers):
    response = ask(log, watchers)
    assert (response.status, dict(response.headers)["content-type"]) == (200, "text/event-stream")
    head, _, data = streamed(log, watchers, f"after={START + 1}")[0].decode().partition("data: ")
    assert head == f"id: {START + 2}\nevent: state\n"
    assert data.endswith("\n\n")
    assert json.loads(data)["model"] == "m"


def test_stream_begins_with_now_unless_told_otherwise(log, watchers):
    assert streamed(log, watchers) == []
    assert len(streamed(log, watchers, "after=0")) == 2
    assert len(streamed(log, watchers, "after=0&type=state&model=m")) == 1
    assert streamed(log, watchers, "after=0&model=other") == []


def test_browser_that_comes_back_resumes_whatever_its_first_query_was(log, watchers):
    assert len(streamed(log, watchers, "after=0", last_event_id=str(START + 1))) == 1


def test_json_has_the_latest(log, watchers):
    document = json.loads(ask(log, watchers, "type=state", accept="application/json").body)
    assert [event["type"] for event in document["events"]] == ["state"]
    assert document["last_id"] == START + 2
    for _ in range(MAX_LATEST):
        log.add("server", state="SERVING")
    events = json.loads(ask(log, watchers, accept="application/json").body)["events"]
    assert len(events) == MAX_LATEST
    assert events[-1]["id"] == log.last_id
    first = json.loads(ask(log, watchers, f"after={START + 1}", accept="application/json").body)["events"][0]
    assert first["id"] == START + 2


@pytest.mark.parametrize(
    ("query", "said"),
    [("type=stat", "did you mean state"), ("after=x", "after must be"), ("models=m", "did you mean model")],
)
def test_wrong_queries_are_refused(log, watchers, query, said):
    with pytest.raises(InvalidArgumentError, match=said):
        ask(log, watchers, query)


def test_one_watcher_too_many_is_refused_before_its_answer_begins(log, watchers, monkeypatch):
    monkeypatch.setattr("salver.server.events.event_watchers.MAX_WATCHERS", 0)
    with pytest.raises(ResourceExhaustedError):
        ask(log, watchers)


def test_wrong_last_event_id_is_refused(log, watchers):
    with pytest.raises(InvalidArgumentError, match="Last-Event-ID must be"):
        ask(log, watchers, last_event_id="x")
