import pytest

from salver.ctl.numbers import duration, rate, share


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 us"),
        (1.234e-6, "1.23 us"),
        (850e-6, "850 us"),
        (0.99996e-3, "1 ms"),
        (1.234e-3, "1.23 ms"),
        (0.0999, "99.9 ms"),
        (0.5, "500 ms"),
        (2.25, "2.25 s"),
        (750, "750 s"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(("per_s", "text"), [(0, "0"), (1.234, "1.23"), (99.4, "99.4"), (123456.7, "123,457")])
def test_rate(per_s, text):
    assert rate(per_s) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (1, 1000, "<1 %"),
        (1, 3, "33 %"),
        (999, 1000, ">99 %"),
        (7, 7, "100 %"),
    ],
)
def test_share(part, whole, text):
    assert share(part, whole) == text
