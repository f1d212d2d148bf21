import json

import pytest

from salver.admin.change import AuditEntry
from salver.ctl.event_view import event_view
from salver.ctl.group import main
from tests.support.admin_documents import change, sent

AT = "2026-11-28T17:00:00.000Z"
STATE = {"id": 7, "at": AT, "type": "state", "model": "ranker", "version": 3, "state": "AVAILABLE", "reason": None}
FAILED = {**STATE, "id": 8, "state": "END", "reason": {"code": "NOT_FOUND", "message": "gone"}}


def run(capsys, *arguments):
    status = main([*arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_latest_events_are_shown(admin, capsys):
    admin.answers["GET", "/v1/events"] = 200, {"events": [STATE, FAILED], "last_id": 8}
    status, out, _ = run(capsys, "events", "--model=ranker", "--type=state")
    assert status == 0
    assert out.splitlines() == [f"{AT}  ranker 3  AVAILABLE", f"{AT}  ranker 3  END  NOT_FOUND: gone"]
    method, target, _, headers = admin.sent[0]
    assert (method, target, headers) == ("GET", "/v1/events?model=ranker&type=state", {"Accept": "application/json"})


@pytest.mark.parametrize(("arguments", "told"), [(("--model=rnaker",), "No such event is kept.\n"), (("--json",), "")])
def test_no_events_are_no_silence_where_a_person_looks(admin, capsys, arguments, told):
    admin.answers["GET", "/v1/events"] = 200, {"events": [], "last_id": 8}
    assert run(capsys, "events", *arguments) == (0, "", told)


def test_followed_events_are_those_of_the_stream(admin, capsys):
    lines = [": hello", "id: 7", "event: state", f"data: {json.dumps(STATE)}", "", ": still here", ""]
    admin.answers["GET", "/v1/events"] = 200, "\r\n".join(lines).encode()
    status, out, _ = run(capsys, "events", "--follow", "--json")
    assert (status, [json.loads(line) for line in out.splitlines()]) == (0, [STATE])
    assert admin.sent[0][3] == {"Accept": "text/event-stream"}


def test_following_ends_with_ctrl_c(admin, capsys, monkeypatch):
    def interrupted(self, request):
        yield f"data: {json.dumps(STATE)}"
        raise KeyboardInterrupt

    monkeypatch.setattr("salver.ctl.client.AdminClient.lines", interrupted)
    assert run(capsys, "events", "-f") == (0, f"{AT}  ranker 3  AVAILABLE\n", "")


def test_refused_stream_is_told(admin, capsys):
    admin.answers["GET", "/v1/events"] = 429, {"error": "too many watchers", "code": "RESOURCE_EXHAUSTED"}
    assert run(capsys, "events", "-f") == (1, "", "Error: too many watchers\n")


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"type": "source", "model": "m", "reason": None}, "m  its versions are found again"),
        (
            {"type": "source", "model": "m", "reason": {"code": "NOT_FOUND", "message": "no such path"}},
            "m  base path  NOT_FOUND: no such path",
        ),
        (
            {"type": "config", "writer": "ada", "diff": sent(change())["diff"]},
            "models set by ada\n  ~ /models/ranker/version_labels/stable  2 -> 3",
        ),
        ({"type": "server", "state": "DRAINING"}, "server draining"),
        ({"type": "lost", "num": 9}, "9 events were lost: this terminal was too slow for them"),
        ({"type": "new kind", "colour": "red"}, "type=new kind  colour=red"),
    ],
)
def test_each_type_has_its_line(event, told):
    assert event_view({"at": AT, **event}).plain == f"{AT}  {told}"


def test_audit(admin, capsys):
    entries = [
        AuditEntry(at=AT, actor="ada", address="10.0.0.1", request="DELETE /v1/models/m", outcome="ABORTED"),
        AuditEntry(at=AT, actor=None, address=None, request="PATCH /v1/models/m", outcome="OK", diff=change().diff),
        AuditEntry(at=AT, actor=None, address=None, request="PATCH /v1/models/older", outcome="OK"),
    ]
    listed = {"audit": [sent(entry) for entry in entries], "num_refusals_left_out": 1234}
    admin.answers["GET", "/v1/audit"] = 200, listed
    assert run(capsys, "audit", "--limit=2")[1].splitlines() == [
        f"{AT}  ABORTED  DELETE /v1/models/m  by ada at 10.0.0.1",
        f"{AT}  OK  PATCH /v1/models/m  by unknown",
        "  ~ /models/ranker/version_labels/stable  2 -> 3",
        "1,234 refusals are left out: they came too fast",
    ]


def test_audit_of_nothing(admin, capsys):
    admin.answers["GET", "/v1/audit"] = 200, {"audit": []}
    assert run(capsys, "audit")[1] == "Nobody has changed anything.\n"
