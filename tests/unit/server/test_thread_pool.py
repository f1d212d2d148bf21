import threading
from queue import Empty, SimpleQueue

from salver.server.thread_pool import PullThreads


class Worker:
    def __init__(self):
        self.done = SimpleQueue()

    def handle(self, work):
        if work == "bad":
            raise ValueError(work)
        self.done.put(work)


class Source:
    def __init__(self):
        self.queue = SimpleQueue()

    def pull(self, timeout_s):
        try:
            return self.queue.get(timeout=timeout_s)
        except Empty:
            return None


def test_step_handles_one_piece_of_work():
    worker, source = Worker(), Source()
    threads = PullThreads("test", 0, source.pull, worker, poll_s=0)
    source.queue.put("a")
    assert threads.step()
    assert worker.done.get_nowait() == "a"


def test_step_without_work_says_so():
    assert not PullThreads("test", 0, Source().pull, Worker(), poll_s=0.001).step()


def test_threads_go_on_after_work_that_failed():
    worker, source = Worker(), Source()
    threads = PullThreads("test", 1, source.pull, worker, poll_s=0.001)
    threads.start()
    source.queue.put("bad")
    source.queue.put("good")
    assert worker.done.get(timeout=10) == "good"
    assert threads.stop(10)


def test_stop_tells_of_a_thread_that_is_still_busy():
    entered, leave = threading.Event(), threading.Event()

    class Busy:
        def handle(self, work):
            entered.set()
            leave.wait()

    source = Source()
    threads = PullThreads("test", 1, source.pull, Busy(), poll_s=0.001)
    threads.start()
    source.queue.put("a")
    entered.wait(10)
    assert not threads.stop(0)
    leave.set()
    assert threads.stop(10)


def test_stop_before_start_is_nothing():
    assert PullThreads("test", 2, Source().pull, Worker()).stop(0)
