from salver.server.log_pause import LOG_PAUSE_S, LogPause
from salver.testing.fake_clock import FakeClock


def test_each_kind_is_due_once_in_a_pause():
    clock = FakeClock()
    pause = LogPause(clock)
    assert pause.is_due("a")
    assert pause.is_due("b")
    assert not pause.is_due("a")
    clock.advance(LOG_PAUSE_S - 1)
    assert not pause.is_due("a")
    clock.advance(1)
    assert pause.is_due("a")
