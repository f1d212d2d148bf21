from __future__ import annotations

import pytest

from benches.loads import LoadError, quantile, steady_rate


def test_rate_is_from_the_first_batch_of_answers_to_the_last():
    ends_us = [at + late for at in (5_000_000, 5_100_000, 5_200_000, 5_300_000) for late in (0, 0, 0, 0)]
    assert steady_rate(ends_us) == pytest.approx(40.0)


def test_rate_takes_answers_just_after_the_first_as_one_batch_with_it():
    assert steady_rate([0, 900, 1_900, 100_000, 100_000, 100_000]) == pytest.approx(30.0)


def test_rate_of_a_single_batch_is_refused():
    with pytest.raises(LoadError, match="all 3 answers came within 2 ms"):
        steady_rate([0, 10, 20])


@pytest.mark.parametrize(("part", "value"), [(0.0, 1.0), (0.5, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_quantile(part, value):
    assert quantile([1.0, 2.0, 3.0, 4.0], part) == value
