import threading

from salver.servables.time_limit import time_left_s, time_limit


def test_without_a_limit_there_is_none():
    assert time_left_s() is None
    with time_limit(None):
        assert time_left_s() is None


def test_time_left_counts_down_from_the_innermost_limit_and_never_below_zero():
    with time_limit(1000.0):
        assert 0 < time_left_s() <= 1000
        with time_limit(-5.0):
            assert time_left_s() == 0
        assert time_left_s() > 0
    assert time_left_s() is None


def test_other_threads_have_their_own_limit():
    seen = []
    with time_limit(1000.0):
        thread = threading.Thread(target=lambda: seen.append(time_left_s()))
        thread.start()
        thread.join()
    assert seen == [None]
