"""Timing runs of growing batches, within a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from salver.boundary import CurvePoint
from salver.errors import CancelledError, SalverError, as_salver_error

MIN_REPEATS = 3
MAX_REPEATS = 30
_FLAT_POINTS = 3
"""Sizes in a row that give no more rows in a second than the one before them: larger ones are not tried."""
_PAYS = 1.05

Run = Callable[[int], None]
"""Runs one batch of so many rows; raises what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was measured."""

    points: tuple[CurvePoint, ...]
    sharing: float
    notes: tuple[str, ...]


@dataclass(kw_only=True)
class Measurer:
    """Measures one model once."""

    run: Run
    limit_s: float
    num_runners: int
    is_wanted: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.perf_counter
    _notes: list[str] = field(default_factory=list)

    def measure(self, max_rows: int) -> Measurement:
        """Run batches of 1, 2, 4, ... rows, several times each, and the best of them on all runners at once.

        Raises:
            CancelledError: It is no longer wanted.
            SalverError: A batch of one row fails.
        """
        end_s = self.clock() + self.limit_s
        sizes = list(batch_sizes(max_rows))
        points: list[CurvePoint] = []
        for index, rows in enumerate(sizes):
            left_s = end_s - self.clock()
            if not self._is_worthwhile(rows, points, left_s):
                break
            point = self._point(rows, left_s / (len(sizes) - index + 1))
            if point is None:
                break
            points.append(point)
        return Measurement(points=tuple(points), sharing=self._sharing(points), notes=tuple(self._notes))

    def _is_worthwhile(self, rows: int, points: list[CurvePoint], left_s: float) -> bool:
        if points and left_s <= 2 * points[-1].p50_s * MIN_REPEATS:
            self._notes.append(f"the time was up before batches of {rows} rows")
            return False
        speeds = [_speed(point) for point in points[-_FLAT_POINTS - 1 :]]
        if len(speeds) > _FLAT_POINTS and max(speeds[1:]) < _PAYS * speeds[0]:
            self._notes.append(f"batches of more than {points[-1].rows} rows were not tried: they would not pay")
            return False
        return True

    def _point(self, rows: int, share_s: float) -> CurvePoint | None:
        """Measure one size; None, with a note, where only smaller ones run."""
        try:
            self._timed(rows)  # the first run of a size allocates and compiles
            times = sorted(self._repeated(rows, share_s))
        except CancelledError:
            raise
        except Exception as error:
            if rows == 1:
                raise
            self._notes.append(f"batches of {rows} rows fail: {as_salver_error(error).message}")
            return None
        return CurvePoint(rows, _quantile(times, 0.5), _quantile(times, 0.9), len(times))

    def _repeated(self, rows: int, share_s: float) -> Iterator[float]:
        end_s = self.clock() + share_s
        for number in range(MAX_REPEATS):
            if number >= MIN_REPEATS and self.clock() >= end_s:
                return
            yield self._timed(rows)

    def _timed(self, rows: int) -> float:
        if not self.is_wanted():
            raise CancelledError("the profile is no longer wanted")
        started_s = self.clock()
        self.run(rows)
        return self.clock() - started_s

    def _sharing(self, points: list[CurvePoint]) -> float:
        """How much runs on all runners slow each other."""
        if self.num_runners < 2 or not points:
            return 0.0
        best = max(points, key=_speed)
        times = sorted(self._at_once(best.rows))
        slowdown = _quantile(times, 0.5) / max(best.p50_s, 1e-9)
        return min(max((slowdown - 1) / (self.num_runners - 1), 0.0), 1.0)

    def _at_once(self, rows: int) -> list[float]:
        times: list[float] = []
        errors: list[SalverError] = []
        barrier = threading.Barrier(self.num_runners)

        def work() -> None:
            try:
                for _ in range(MIN_REPEATS):
                    barrier.wait()
                    times.append(self._timed(rows))
            except threading.BrokenBarrierError:
                pass  # another one failed
            except Exception as error:  # noqa: BLE001  # raised below, on the thread that waits for it
                errors.append(as_salver_error(error))
                barrier.abort()

        threads = [threading.Thread(target=work, name="salver-profile", daemon=True) for _ in range(self.num_runners)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return times


def batch_sizes(max_rows: int) -> Iterator[int]:
    """Give 1, 2, 4, ... and at last `max_rows`."""
    rows = 1
    while rows < max_rows:
        yield rows
        rows *= 2
    yield max(max_rows, 1)


def _speed(point: CurvePoint) -> float:
    """Rows in a second."""
    return point.rows / max(point.p50_s, 1e-9)


def _quantile(ascending: list[float], part: float) -> float:
    return ascending[min(int(part * len(ascending)), len(ascending) - 1)]
