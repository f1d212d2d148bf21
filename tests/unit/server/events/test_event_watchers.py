import threading

import pytest

from salver.errors import ResourceExhaustedError, UnavailableError
from salver.server.events import event_watchers
from salver.server.events.event_log import ALL_EVENTS, EventFilter, EventLog
from salver.server.events.event_watchers import HEARTBEAT_S, MAX_STUCK_S, MAX_WATCHERS, EventForm, EventWatchers
from salver.testing.fake_calls import FakeAnswerStream

WAIT_S = 10
FORM = EventForm(lambda event: (event.state or event.type).encode(), heartbeat=b"beat")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Watching:
    """Watchers whose steps the test takes itself."""

    def __init__(self, monkeypatch, max_events=100):
        monkeypatch.setattr(EventWatchers, "_run", lambda _: None)
        self.clock = Clock()
        self.log = EventLog(max_events=max_events)
        self.watchers = EventWatchers(self.log, self.clock)

    def add(self, *, wanted=ALL_EVENTS, after=None, form=FORM):
        stream = FakeAnswerStream()
        self.watchers.add(stream, form, wanted, after)
        return stream

    def happen(self, *states):
        for state in states:
            self.log.add("server", state=state)

    def step(self, later_s=0.0):
        self.clock.now += later_s
        return self.watchers.step()


@pytest.fixture
def watching(monkeypatch):
    return Watching(monkeypatch)


def test_watcher_gets_what_happens_from_now_on(watching):
    watching.happen("before")
    stream = watching.add()
    watching.happen("one", "two")
    watching.step()
    watching.step()
    assert stream.pieces == [b"one", b"two"]


def test_watcher_resumes_after_the_last_event_that_it_knows(watching):
    watching.happen("one")
    known = watching.log.last_id
    watching.happen("two")
    resumed, whole = watching.add(after=known), watching.add(after=0)
    watching.step()
    assert (resumed.pieces, whole.pieces) == ([b"two"], [b"one", b"two"])


def test_watcher_that_knows_a_number_to_come_gets_what_happens_from_now_on(watching):
    watching.happen("before")
    stream = watching.add(after=watching.log.last_id + 1000)
    watching.step()
    watching.happen("one")
    watching.step()
    assert stream.pieces == [b"one"]


def test_watcher_gets_only_what_it_wants(watching):
    stream = watching.add(wanted=EventFilter(types=frozenset({"source"})))
    watching.happen("no")
    watching.log.add("source", model="m")
    watching.step()
    assert stream.pieces == [b"source"]


def test_more_events_than_fit_one_look_all_arrive(watching, monkeypatch):
    monkeypatch.setattr(event_watchers, "_MAX_EVENTS_AT_ONCE", 2)
    stream = watching.add()
    watching.happen("1", "2", "3", "4", "5")
    watching.step()
    assert stream.pieces == [b"1", b"2", b"3", b"4", b"5"]


def test_slow_watcher_goes_on_where_it_was_and_holds_up_nobody(watching):
    slow, quick = watching.add(), watching.add()
    slow.has_room = False
    watching.happen("one", "two")
    assert watching.step() < 1, "it is tried again soon"
    assert quick.pieces == [b"one", b"two"]
    slow.has_room = True
    assert watching.step() == HEARTBEAT_S
    assert slow.pieces == [b"one", b"two"]


def test_slow_watcher_is_told_what_it_lost(monkeypatch):
    watching = Watching(monkeypatch, max_events=2)
    slow = watching.add()
    slow.has_room = False
    watching.happen("1", "2", "3", "4")
    watching.step()
    slow.has_room = True
    watching.step()
    assert slow.pieces == [b"lost", b"3", b"4"]


def test_watcher_that_takes_nothing_is_ended_after_a_while(watching):
    stuck = watching.add()
    stuck.has_room = False
    watching.happen("one")
    watching.step()
    watching.step(MAX_STUCK_S - 1)
    assert stuck.is_open
    watching.step(1)
    assert (stuck.is_open, stuck.error) == (False, ResourceExhaustedError("nothing was taken for 60 s"))
    assert watching.watchers.num_watchers == 0


def test_silent_stream_gets_signs_of_life_on_time(watching):
    stream = watching.add()
    assert watching.step() == HEARTBEAT_S
    watching.happen("one")
    watching.step(10)
    assert watching.step(HEARTBEAT_S - 1) == 1
    watching.step(1)
    assert stream.pieces == [b"one", b"beat"]


def test_form_without_signs_of_life_gets_none(watching):
    stream = watching.add(form=EventForm(lambda _: b"x"))
    watching.step(10 * HEARTBEAT_S)
    assert stream.pieces == []


def test_number_of_watchers_is_limited_and_those_who_go_make_room(watching):
    streams = [watching.add() for _ in range(MAX_WATCHERS)]
    for refused in (watching.watchers.check_room, watching.add):
        with pytest.raises(ResourceExhaustedError, match="64 clients"):
            refused()
    streams[3].end()
    watching.add()


def test_bug_in_a_form_ends_that_stream_alone(watching):
    def broken(_):
        raise ValueError("secret")

    bad, good = watching.add(form=EventForm(broken)), watching.add()
    watching.happen("one")
    watching.step()
    assert (bad.is_open, bad.error.message, good.pieces) == (False, "events cannot be told", [b"one"])


def test_thread_serves_watchers_and_ends_them_at_the_close():
    log = EventLog()
    watchers = EventWatchers(log)
    got = threading.Event()

    class Stream(FakeAnswerStream):
        def send(self, piece, timeout_s=0.0):
            got.set()
            return super().send(piece, timeout_s)

    stream = Stream()
    watchers.add(stream, FORM, ALL_EVENTS, None)
    log.add("server", state="SERVING")
    assert got.wait(WAIT_S)
    log.add("server", state="DRAINING")
    assert watchers.close(WAIT_S)
    assert (stream.pieces, stream.is_open, stream.error) == ([b"SERVING", b"DRAINING"], False, None)
    with pytest.raises(UnavailableError):
        watchers.check_room()


def test_close_without_watchers_needs_no_thread():
    assert EventWatchers(EventLog()).close(0)
