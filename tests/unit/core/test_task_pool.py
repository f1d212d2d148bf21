import threading

from salver.core.task_pool import TaskPool

TIMEOUT_S = 10


class Gate:
    """A task that tells that it runs and waits to be let go."""

    def __init__(self) -> None:
        self.is_running = threading.Event()
        self.go = threading.Event()
        self.is_done = threading.Event()

    def __call__(self) -> None:
        self.is_running.set()
        assert self.go.wait(TIMEOUT_S)
        self.is_done.set()


def test_without_threads_the_caller_runs_the_task():
    pool = TaskPool("test", 0)
    threads = []
    pool.submit(lambda: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()]


def test_tasks_run_at_once_up_to_the_number_of_threads():
    pool = TaskPool("test", 2)
    first, second, third = Gate(), Gate(), Gate()
    for task in (first, second, third):
        pool.submit(task)
    assert first.is_running.wait(TIMEOUT_S)
    assert second.is_running.wait(TIMEOUT_S)
    assert not third.is_running.is_set()
    first.go.set()
    assert third.is_running.wait(TIMEOUT_S)
    second.go.set()
    third.go.set()
    pool.close()


def test_first_in_first_out():
    pool = TaskPool("test", 1)
    order: list[int] = []
    for number in range(50):
        pool.submit(lambda number=number: order.append(number))
    pool.close()
    assert order == list(range(50))


def test_close_waits_for_everything_queued():
    pool = TaskPool("test", 1)
    gate = Gate()
    done: list[int] = []
    pool.submit(gate)
    pool.submit(lambda: done.append(1))
    closer = threading.Thread(target=pool.close)
    closer.start()
    assert gate.is_running.wait(TIMEOUT_S)
    assert closer.is_alive()
    gate.go.set()
    closer.join(TIMEOUT_S)
    assert done == [1]


def test_task_that_raises_or_exits_leaves_the_thread_alive(caplog):
    pool = TaskPool("test", 1)
    done: list[int] = []

    def leave() -> None:
        raise SystemExit(1)

    pool.submit(lambda: 1 / 0)
    pool.submit(leave)
    pool.submit(lambda: done.append(1))
    pool.close()
    assert done == [1]
    assert "ZeroDivisionError" in caplog.text


def test_more_threads_take_up_waiting_tasks():
    pool = TaskPool("test", 1)
    first, second = Gate(), Gate()
    pool.submit(first)
    pool.submit(second)
    assert first.is_running.wait(TIMEOUT_S)
    pool.resize(2)
    assert second.is_running.wait(TIMEOUT_S)
    first.go.set()
    second.go.set()
    pool.close()


def test_never_more_tasks_at_once_than_the_new_lower_number():
    pool = TaskPool("test", 2)
    old = [Gate(), Gate()]
    for task in old:
        pool.submit(task)
        assert task.is_running.wait(TIMEOUT_S)
    pool.resize(1)
    new = Gate()
    pool.submit(new)
    old[0].go.set()
    assert old[0].is_done.wait(TIMEOUT_S)
    assert not new.is_running.is_set()
    old[1].go.set()
    assert new.is_running.wait(TIMEOUT_S)
    new.go.set()
    pool.close()


def test_task_after_a_change_to_no_threads_runs_here_after_the_rest():
    pool = TaskPool("test", 1)
    gate = Gate()
    order: list[str] = []
    pool.submit(gate)
    pool.submit(lambda: order.append("queued"))
    assert gate.is_running.wait(TIMEOUT_S)
    pool.resize(0)
    caller = threading.Thread(target=lambda: pool.submit(lambda: order.append("here")))
    caller.start()
    assert order == []
    gate.go.set()
    caller.join(TIMEOUT_S)
    assert order == ["queued", "here"]
    pool.close()


def test_task_may_submit_a_task_also_while_the_pool_goes_to_no_threads():
    pool = TaskPool("test", 1)
    done = threading.Event()
    gate = Gate()

    def outer() -> None:
        gate()
        pool.submit(done.set)

    pool.submit(outer)
    assert gate.is_running.wait(TIMEOUT_S)
    pool.resize(0)
    gate.go.set()
    assert done.wait(TIMEOUT_S)
    pool.close()
