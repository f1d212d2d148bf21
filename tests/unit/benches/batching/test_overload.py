from __future__ import annotations

from benches.batching.overload import Results
from benches.goodput import Fate, Tally, tally


def tally_of(good: int) -> Tally:
    return tally([Fate(0.0, 0.01, is_answered=True)] * good, 0.1, since_s=0.0, until_s=1.0)


def test_goodput_is_compared_by_the_medians_of_the_rounds():
    results = Results()
    results.tallies["s", 1.0] = [tally_of(good) for good in (10, 0, 8)]
    results.tallies["s", 2.0] = [tally_of(good) for good in (4, 9, 3)]
    assert results.middle("s", 1.0).goodput_per_s == 8
    assert results.to_load_one("s", 2.0) == 0.5


def test_no_goodput_at_capacity_gives_no_ratio():
    results = Results()
    results.tallies["s", 1.0] = [tally_of(0)]
    results.tallies["s", 2.0] = [tally_of(5)]
    assert results.to_load_one("s", 2.0) == 0.0
