from salver.server.admin.audit import AuditLog


def test_entry_has_the_time_at_which_it_was_asked_for_however_long_the_wait():
    now = [10.0]
    audit = AuditLog(clock=lambda: now[0])
    with audit.attempt("DELETE /v1/models/ranker", None):
        now[0] += 600
    (entry,) = audit.entries()
    assert entry.at == "1970-01-01T00:00:10.000Z"
