import threading

from salver.sources.poll_thread import PollThread


class Step:
    """Counts its calls and can be waited on."""

    def __init__(self, delays_s, error=None):
        self.delays_s = iter(delays_s)
        self.error = error
        self.count = 0
        self._changed = threading.Condition()

    def __call__(self):
        with self._changed:
            self.count += 1
            self._changed.notify_all()
        if self.error is not None:
            raise self.error
        return next(self.delays_s)

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: self.count >= count, 30)


def test_steps_at_once_and_again_after_the_asked_pause():
    step = Step([0.0, 0.001, None])
    thread = PollThread(step, "test")
    thread.start()
    step.wait_for(3)
    assert thread.stop(30)
    assert step.count == 3


def test_wake_steps_without_waiting_for_the_pause():
    step = Step([None, 3600.0, None])
    thread = PollThread(step, "test")
    thread.start()
    for count in (1, 2):
        step.wait_for(count)
        thread.wake()
    step.wait_for(3)
    assert thread.stop(30)


def test_failing_step_is_logged_and_the_thread_lives_on(caplog):
    step = Step([], ValueError("broken step"))
    thread = PollThread(step, "test")
    thread.start()
    step.wait_for(1)
    thread.wake()
    step.wait_for(2)
    assert thread.stop(30)
    assert "broken step" in caplog.text


def test_stopping_twice_or_before_the_start_is_fine():
    thread = PollThread(Step([None]), "test")
    thread.stop()
    thread.start()
    assert thread.stop(30)
    assert thread.stop(30)


def test_step_may_stop_its_own_thread():
    stopped = threading.Event()

    def step():
        thread.stop()
        stopped.set()

    thread = PollThread(step, "test")
    thread.start()
    assert stopped.wait(30)
    assert thread.stop(30)
