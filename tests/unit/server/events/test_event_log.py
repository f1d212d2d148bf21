import pytest

from salver.admin.change import Difference
from salver.server.events.event_log import EventFilter, EventLog, model_of_path

START = 1_000_000


def log_of(num, max_events=100):
    log = EventLog(clock=lambda: START / 1000, max_events=max_events)
    for index in range(num):
        log.add("server", state=f"S{index}")
    return log


def states(events):
    return [event.state for event in events]


def test_events_are_numbered_from_the_time_of_the_start():
    log = log_of(2)
    assert [event.id for event in log.after(0)] == [START + 1, START + 2]
    assert log.last_id == START + 2


def test_time_is_told_in_utc_with_milliseconds():
    log = log_of(0)
    log.add("server", at=1.5, state="SERVING")
    assert log.after(0)[0].at == "1970-01-01T00:00:01.500Z"


@pytest.mark.parametrize(
    ("after", "want"),
    [
        (0, ["S0", "S1", "S2"]),
        (START - 1, ["S0", "S1", "S2"]),
        (START + 1, ["S1", "S2"]),
        (START + 3, []),
        (START + 99, []),
    ],
)
def test_events_after_a_number(after, want):
    assert states(log_of(3).after(after)) == want


def test_what_was_forgotten_is_told_with_the_number_before_the_first_that_is_left():
    log = log_of(5, max_events=2)
    lost, *rest = log.after(START + 1)
    assert (lost.type, lost.num, lost.id) == ("lost", 2, START + 3)
    assert states(rest) == ["S3", "S4"]
    assert states(log.after(START + 3)) == ["S3", "S4"], "after it, nothing is lost"


def test_nobody_who_asks_for_the_beginning_is_told_of_losses():
    assert states(log_of(5, max_events=2).after(0)) == ["S3", "S4"]


def test_limit_returns_the_oldest_and_latest_the_newest():
    log = log_of(5)
    assert states(log.after(0, limit=2)) == ["S0", "S1"]
    assert states(log.latest(EventFilter(), 2)) == ["S3", "S4"]


def test_filter_by_type_and_model():
    log = log_of(1)
    log.add("state", model="a", version=1, state="AVAILABLE")
    log.add("source", model="b")
    log.add("config", writer="w", diff=(Difference(op="add", path="/models/a"),), num_differences=1, etag="e")

    def kinds(**wanted):
        return [event.type for event in log.after(0, EventFilter(**{k: frozenset(v) for k, v in wanted.items()}))]

    assert kinds(models={"a"}) == ["state", "config"]
    assert kinds(models={"b"}) == ["source"]
    assert kinds(types={"server", "config"}) == ["server", "config"]
    assert kinds(types={"state"}, models={"b"}) == []


def test_change_of_which_only_the_first_differences_are_kept_may_be_about_any_model():
    log = log_of(0)
    log.add("config", writer="w", diff=(Difference(op="add", path="/models/a"),), num_differences=101, etag="e")
    found = log.after(0, EventFilter(models=frozenset({"z"})))
    assert [event.etag for event in found] == ["e"]


def test_filter_keeps_the_word_of_lost_events():
    log = log_of(5, max_events=1)
    assert [event.type for event in log.after(START + 1, EventFilter(types=frozenset({"state"})))] == ["lost"]


@pytest.mark.parametrize(
    ("path", "want"), [("/models/m", "m"), ("/models/a~1b~0c/version_labels/x", "a/b~c"), ("/models", None), ("", None)]
)
def test_model_of_a_path(path, want):
    assert model_of_path(path) == want


def test_whoever_waits_is_woken_by_each_event():
    log = log_of(0)
    woken = []
    log.notify(lambda: woken.append(log.last_id))
    log.add("server", state="SERVING")
    assert woken == [START + 1]


def test_fields_of_other_types_are_left_out_of_the_json():
    log = log_of(1)
    log.add("source", model="m")
    first, second = (event.to_json() for event in log.after(0))
    assert first == {"id": START + 1, "at": "1970-01-01T00:16:40.000Z", "type": "server", "state": "S0"}
    assert second == {"id": START + 2, "at": "1970-01-01T00:16:40.000Z", "type": "source", "model": "m", "reason": None}
