from __future__ import annotations

import pytest

from benches.batching.limit import Way
from benches.batching.model import ADAPTIVE, OFF, Figures, static_parameters


@pytest.mark.parametrize(("best", "rows", "threads"), [(Way(16, 2), 16, 2), (Way(128, 2), 32, 2), (Way(128, 1), 64, 1)])
def test_static_parameters_fill_every_thread_from_what_is_in_flight(best, rows, threads):
    text = static_parameters(best)
    assert f"max_batch_size {{ value: {rows} }}" in text
    assert f"num_batch_threads {{ value: {threads} }}" in text


def test_ratio_alone_is_that_of_neighbours_so_that_a_slow_spell_does_not_count():
    figures = Figures()
    figures.alone_us["m", OFF] = [100.0, 300.0, 100.0]
    figures.alone_us["m", ADAPTIVE] = [104.0, 312.0, 150.0]
    assert figures.alone_ratio("m") == pytest.approx(1.04)


def test_best_is_the_most_rows():
    figures = Figures()
    figures.rates[OFF] = [1.0, 3.0, 2.0]
    assert figures.best(OFF) == 3.0
