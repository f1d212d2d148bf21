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


def test_a_system_without_threads_is_no_room(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    calls = SlowCalls("test")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert not calls.submit(int)
    assert calls.join(0)
    assert calls.submit(int)
    assert calls.join(10)
