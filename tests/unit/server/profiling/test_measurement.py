import threading

import pytest

from salver.errors import CancelledError, InvalidArgumentError
from salver.server.profiling.measurement import MAX_REPEATS, MIN_REPEATS, Measurer, batch_sizes


class World:
    """A clock that only runs move."""

    def __init__(self, time_of, *, failing=None):
        self.now = 0.0
        self.runs = []
        self._time_of = time_of
        self._failing = failing
        self._lock = threading.Lock()

    def run(self, rows):
        with self._lock:
            self.runs.append(rows)
            if self._failing is not None and rows >= self._failing:
                raise InvalidArgumentError("too many")
            self.now += self._time_of(rows)

    def measurer(self, *, limit_s=100.0, num_runners=1, **options):
        return Measurer(run=self.run, limit_s=limit_s, num_runners=num_runners, clock=lambda: self.now, **options)


def fixed(rows):
    del rows
    return 0.01


@pytest.mark.parametrize(("most", "sizes"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_sizes_double_up_to_the_last(most, sizes):
    assert list(batch_sizes(most)) == sizes


def test_every_size_is_timed():
    measured = World(lambda rows: 0.001 * rows**0.5).measurer().measure(8)

    assert [point.rows for point in measured.points] == [1, 2, 4, 8]
    assert [point.p50_s for point in measured.points] == pytest.approx([0.001 * rows**0.5 for rows in (1, 2, 4, 8)])
    assert {point.samples for point in measured.points} == {MAX_REPEATS}
    assert (measured.notes, measured.sharing) == ((), 0.0)


def test_first_run_of_a_size_does_not_count():
    world = World(lambda rows: 5.0 if world.runs.count(rows) == 1 else 0.01)
    measured = world.measurer().measure(4)
    assert [point.p90_s for point in measured.points] == pytest.approx([0.01] * 3)


def test_ends_with_the_time():
    world = World(lambda rows: 0.1 * rows)
    measured = world.measurer(limit_s=5.0).measure(1024)

    assert world.now < 10
    assert [point.rows for point in measured.points][:2] == [1, 2]
    assert all(point.samples >= MIN_REPEATS for point in measured.points)
    assert measured.notes == (f"the time was up before batches of {2 * measured.points[-1].rows} rows",)


def test_one_size_is_measured_however_long_it_takes():
    measured = World(lambda _rows: 60.0).measurer(limit_s=1.0).measure(64)
    assert [point.rows for point in measured.points] == [1]


def test_sizes_that_would_not_pay_are_not_tried():
    measured = World(lambda rows: 0.01 * max(rows, 4) / 4).measurer(limit_s=1000.0).measure(1024)

    assert [point.rows for point in measured.points] == [1, 2, 4, 8, 16, 32]
    assert measured.notes == ("batches of more than 32 rows were not tried: they would not pay",)


def test_larger_batches_that_fail_end_it():
    measured = World(fixed, failing=4).measurer().measure(64)
    assert [point.rows for point in measured.points] == [1, 2]
    assert measured.notes == ("batches of 4 rows fail: too many",)


def test_a_failure_of_one_row_is_the_answer():
    with pytest.raises(InvalidArgumentError, match="too many"):
        World(fixed, failing=1).measurer().measure(64)


def test_ends_once_nobody_waits():
    world = World(fixed)
    with pytest.raises(CancelledError):
        world.measurer(is_wanted=lambda: len(world.runs) < 5).measure(64)
    assert len(world.runs) == 5


class TakingTurns:
    """A model that runs one batch at a time, on a clock that each runner sees move alike."""

    def __init__(self, num_runners, *, takes_turns):
        self._local = threading.local()
        self._factor = num_runners if takes_turns else 1
        self._main = threading.current_thread()

    def run(self, rows):
        del rows
        is_alone = threading.current_thread() is self._main
        self._local.now = self.clock() + 0.01 * (1 if is_alone else self._factor)

    def clock(self):
        return getattr(self._local, "now", 0.0)


@pytest.mark.parametrize(("takes_turns", "sharing"), [(True, 1.0), (False, 0.0)])
def test_runners_that_slow_each_other_are_found_out(takes_turns, sharing):
    model = TakingTurns(4, takes_turns=takes_turns)
    measurer = Measurer(run=model.run, limit_s=10.0, num_runners=4, clock=model.clock)
    assert measurer.measure(2).sharing == pytest.approx(sharing)


def test_a_failure_on_several_runners_ends_all_and_is_the_answer():
    main = threading.current_thread()

    def run(rows):
        del rows
        if threading.current_thread() is not main:
            raise ValueError("not twice at a time")

    with pytest.raises(Exception, match="not twice at a time"):
        Measurer(run=run, limit_s=1.0, num_runners=3).measure(1)
