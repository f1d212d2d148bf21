import threading

from salver.server.slow_calls import SlowCalls


def test_calls_run_side_by_side_up_to_the_limit():
    leave = threading.Event()
    calls = SlowCalls("test", max_running=2)
    assert calls.submit(leave.wait)
    assert calls.submit(leave.wait)
    assert not calls.submit(leave.wait)
    assert not calls.join(0)
    leave.set()
    assert calls.join(10)
    assert calls.submit(leave.wait)
