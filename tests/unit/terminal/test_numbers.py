import pytest

from salver.terminal.numbers import age, duration, rate, share, size


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


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1023, "0.999 KiB"), (1536, "1.5 KiB"), (320 << 20, "320 MiB")]
)
def test_size(num_bytes, text):
    assert size(num_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (45, "45s"),
        (125, "2m5s"),
        (660, "11m"),
        (3600, "1h"),
        (7500, "2h5m"),
        (90000, "1d1h"),
        (1e7, "115d"),
    ],
)
def test_age(seconds, text):
    assert age(seconds) == text
