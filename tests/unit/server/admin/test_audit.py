import pytest

from salver.errors import InternalError, NotFoundError, PermissionDeniedError, ResourceExhaustedError
from salver.server.admin.audit import Asker, AuditLog

DELETE = Asker("DELETE /v1/models/ranker", "alice", "192.0.2.1:5000")
FULL = ResourceExhaustedError("too many calls are waiting already")
FOREIGN = PermissionDeniedError("a page of another site may not use the admin listener")


def told(audit):
    return [(entry.request, entry.outcome) for entry in audit.document().audit]


def lines(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "salver.audit"]


def test_entry_has_the_time_at_which_it_was_asked_for_however_long_the_wait():
    now = [10.0]
    audit = AuditLog(clock=lambda: now[0])
    with audit.attempt(DELETE):
        now[0] += 600
    (entry,) = audit.document().audit
    assert entry.at == "1970-01-01T00:00:10.000Z"


def test_line_is_there_as_soon_as_the_request_is_accepted(caplog):
    caplog.set_level("INFO", "salver.audit")
    audit = AuditLog()
    with audit.attempt(DELETE) as attempt:
        assert told(audit) == []
        attempt.accept()
        assert told(audit) == [("DELETE /v1/models/ranker", "OK")]
    assert lines(caplog) == ['DELETE /v1/models/ranker by "alice" from 192.0.2.1:5000: OK']


def test_what_fails_after_it_was_accepted_has_a_second_line():
    audit = AuditLog()

    def fail_late():
        with audit.attempt(DELETE) as attempt:
            attempt.accept()
            raise InternalError("the document cannot be made")

    with pytest.raises(InternalError):
        fail_late()
    assert told(audit) == [("DELETE /v1/models/ranker", "INTERNAL"), ("DELETE /v1/models/ranker", "OK")]


def test_refusals_at_the_door_are_told_a_few_times_a_minute_and_counted_otherwise(caplog):
    caplog.set_level("INFO", "salver.audit")
    now = [0.0]
    audit = AuditLog(clock=lambda: now[0], max_refusals_per_minute=2)
    for _ in range(1000):
        audit.refuse(DELETE, FOREIGN)
    assert (len(lines(caplog)), audit.document().num_refusals_left_out) == (2, 998)
    now[0] += 60
    audit.refuse(DELETE, FOREIGN)
    assert lines(caplog)[-1] == (
        'DELETE /v1/models/ranker by "alice" from 192.0.2.1:5000: PERMISSION_DENIED: '
        "a page of another site may not use the admin listener; 998 more before it"
    )


def test_refusals_at_the_door_push_no_attempt_out():
    audit = AuditLog(max_refusals_per_minute=10_000)
    for name in ("a", "b"):
        with audit.attempt(Asker(f"DELETE /v1/models/{name}")):
            pass
        for _ in range(500):
            audit.refuse(DELETE, FOREIGN)
    found = told(audit)
    assert found[0] == ("DELETE /v1/models/ranker", "PERMISSION_DENIED")
    assert found[-2:] == [("DELETE /v1/models/b", "OK"), ("DELETE /v1/models/a", "OK")]
    assert len(found) == 102


def test_refusals_for_one_reason_hide_none_for_another(caplog):
    caplog.set_level("INFO", "salver.audit")
    audit = AuditLog(clock=lambda: 0.0, max_refusals_per_minute=2)
    for _ in range(100):
        audit.refuse(Asker("GET /v1/models"), FOREIGN)
    for _ in range(3):
        audit.refuse(DELETE, FULL)
    told_of_operators = [line for line in lines(caplog) if "RESOURCE_EXHAUSTED: too many calls" in line]
    assert len(told_of_operators) == 2
    assert audit.document().num_refusals_left_out == 98 + 1


def test_refusals_for_one_reason_push_none_for_another_out():
    audit = AuditLog(max_refusals_per_minute=10_000)
    audit.refuse(DELETE, FULL)
    for _ in range(500):
        audit.refuse(Asker("GET /v1/models"), FOREIGN)
    assert told(audit)[-1] == ("DELETE /v1/models/ranker", "RESOURCE_EXHAUSTED")
    assert len(told(audit)) == 101


def test_attempts_are_told_latest_first_whatever_kind_they_are():
    audit = AuditLog()
    audit.refuse(Asker("GET /v1/server"), FOREIGN)
    with pytest.raises(NotFoundError), audit.attempt(Asker("DELETE /v1/models/x")):
        raise NotFoundError("no x")
    audit.refuse(Asker("GET /v1/audit"), FOREIGN)
    assert [request for request, _ in told(audit)] == ["GET /v1/audit", "DELETE /v1/models/x", "GET /v1/server"]


def test_what_a_stranger_sent_cannot_look_like_a_line_of_the_log(caplog):
    caplog.set_level("INFO", "salver.audit")
    AuditLog().refuse(DELETE, PermissionDeniedError("a page of http://x\u2028DELETE /v1/models/m by root: OK may not"))
    assert "\u2028" not in lines(caplog)[0]
    assert lines(caplog)[0].endswith("a page of http://x\\u2028DELETE /v1/models/m by root: OK may not")


def test_what_callers_say_is_cut():
    audit = AuditLog()
    audit.refuse(Asker("GET /" + "x" * 5000, "y" * 5000), FOREIGN)
    (entry,) = audit.document().audit
    assert (len(entry.request), len(entry.actor)) == (303, 303)
