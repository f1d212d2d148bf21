"""A profile, and a world in which settings do as a test says."""

from __future__ import annotations

import pytest

from salver.boundary import UNBATCHED, CurvePoint, SimulationReport
from salver.profile import Profile


def profile_of(*points, sharing=0.0, num_runners=1, **fields):
    """A profile with points of rows and seconds."""
    return Profile(
        model="ranker",
        version=3,
        signature="rank",
        policy=UNBATCHED,
        points=tuple(CurvePoint(rows, time_s, time_s * 1.08, 30) for rows, time_s in points),
        num_runners=num_runners,
        sharing=sharing,
        **fields,
    )


@pytest.fixture
def profile():
    return profile_of((1, 0.010), (2, 0.011), (4, 0.012))


class World:
    """Answers simulations: `p99_s` says the p99 of a simulation, or None where it cannot keep up."""

    def __init__(self, p99_s):
        self.p99_s = p99_s
        self.asked = []

    def simulate(self, simulation):
        self.asked.append(simulation)
        p99_s = self.p99_s(simulation)
        rate = float(simulation.num_clients or simulation.requests_per_s)
        return SimulationReport(
            rows_per_s=rate,
            num_requests=1000,
            num_answered=1000 if p99_s is not None else 500,
            num_refused=0,
            p50_s=(p99_s or 9.0) / 2,
            p99_s=p99_s or 9.0,
            mean_batch_rows=2.0,
        )

    @staticmethod
    def capacity(simulation):
        return max(rows / time_s for rows, time_s in simulation.curve)
