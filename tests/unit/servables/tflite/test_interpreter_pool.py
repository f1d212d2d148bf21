import threading

import pytest

from salver.errors import DeadlineExceededError, InternalError
from salver.servables.tflite.interpreter_pool import InterpreterPool


def counting_pool(max_size):
    made = []

    def make():
        made.append(object())
        return made[-1]

    return InterpreterPool(make, max_size), made


def test_the_one_given_back_last_is_lent_next():
    pool, made = counting_pool(3)
    with pool.borrow(None) as first, pool.borrow(None) as second:
        assert first is not second
    with pool.borrow(None) as again:
        assert again is first
    assert made == [first, second]


def test_nothing_is_made_before_it_is_needed():
    pool, made = counting_pool(3)
    assert made == []
    for _ in range(5):
        with pool.borrow(None):
            pass
    assert len(made) == 1


def test_a_wait_ends_at_the_deadline():
    pool, made = counting_pool(1)
    with pool.borrow(None), pytest.raises(DeadlineExceededError, match="busy until the deadline"), pool.borrow(0.0):
        pass
    assert len(made) == 1


def test_a_wait_ends_when_one_comes_free():
    pool, made = counting_pool(1)
    lent = []

    def borrow():
        with pool.borrow(30.0) as thing:
            lent.append(thing)

    thread = threading.Thread(target=borrow)
    with pool.borrow(None):
        thread.start()
    thread.join()
    assert lent == made


def test_a_failed_use_gives_back():
    pool, made = counting_pool(1)
    with pytest.raises(KeyError), pool.borrow(None):
        raise KeyError("x")
    with pool.borrow(0.0) as again:
        assert [again] == made


def test_what_cannot_be_made_takes_no_place():
    failures = [InternalError("no memory")]

    def make():
        if failures:
            raise failures.pop()
        return "made"

    pool = InterpreterPool(make, 1)
    with pytest.raises(InternalError), pool.borrow(None):
        pass
    with pool.borrow(0.0) as thing:
        assert thing == "made"


def test_each_is_used_by_one_thread_at_a_time_and_no_more_than_the_limit():
    pool, made = counting_pool(3)
    used_now, clashes = set(), []

    def work():
        for _ in range(200):
            with pool.borrow(None) as thing:
                if thing in used_now:
                    clashes.append(thing)
                used_now.add(thing)
                used_now.discard(thing)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == []
    assert len(made) <= 3
