from salver.server.admin.bounded_rate import BoundedRate


def test_so_many_pass_in_each_period_and_the_next_one_is_told_how_many_did_not():
    now = [100.0]
    rate = BoundedRate(2, 60.0, lambda: now[0])
    assert [rate.take() for _ in range(5)] == [0, 0, None, None, None]
    now[0] += 59.9
    assert rate.take() is None
    now[0] += 0.1
    assert [rate.take() for _ in range(3)] == [4, 0, None]


def test_a_pause_saves_nothing_up():
    now = [0.0]
    rate = BoundedRate(1, 60.0, lambda: now[0])
    now[0] += 6000
    assert [rate.take() for _ in range(2)] == [0, None]


def test_a_clock_that_is_set_back_holds_nothing_back():
    now = [7200.0]
    rate = BoundedRate(1, 60.0, lambda: now[0])
    assert [rate.take() for _ in range(2)] == [0, None]
    now[0] -= 3600
    assert [rate.take() for _ in range(2)] == [1, None]
