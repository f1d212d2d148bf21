from dataclasses import replace

import pytest

from salver.bench.knee import Step
from salver.bench.view import progress_line, step_line
from salver.boundary.load import LoadProgress

PROGRESS = LoadProgress(
    is_over=False,
    is_warming_up=False,
    measured_s=3.0,
    num_answered=3000,
    num_failed=0,
    num_dropped=0,
    recent_p50_s=0.0012,
    recent_p99_s=0.004,
)


@pytest.mark.parametrize(
    ("progress", "before", "line"),
    [
        (replace(PROGRESS, is_warming_up=True), None, "  warming up"),
        (PROGRESS, None, "  3 s: 1,000/s, p50 1.2 ms, p99 4 ms"),
        (PROGRESS, replace(PROGRESS, measured_s=2.0, num_answered=1000), "  3 s: 2,000/s, p50 1.2 ms, p99 4 ms"),
        (replace(PROGRESS, num_failed=2, num_dropped=3), None, "  3 s: 1,000/s, p50 1.2 ms, p99 4 ms, 5 failed"),
        (replace(PROGRESS, measured_s=0.0), PROGRESS, "  0 s: 0/s, p50 1.2 ms, p99 4 ms"),
    ],
)
def test_a_second_in_one_line(progress, before, line):
    assert progress_line(progress, before) == line


def test_a_step_in_one_line():
    step = Step(load=1234, offered=1234, goodput=1200, p99_s=0.0125, failed_share=0.015)
    assert step_line(step) == "  1,234: 1,200 answers/s, p99 12.5 ms, failed 1.5%"
