from dataclasses import replace

import pytest

from salver.bench.comparison import Ratio, alternating, ratio_document, ratios
from salver.bench.result import result_of
from tests.unit.bench.conftest import report, target_of

OPTIONS = target_of().options([b"x"])


def result(*, answered=100, latency_s=0.005):
    return result_of(report(OPTIONS, answered=answered, latency_s=latency_s), OPTIONS, [1])


def test_rounds_alternate_and_so_does_who_begins():
    order = []

    def measured(name):
        order.append(name)
        return name

    rounds = alternating(3, lambda: measured("a"), lambda: measured("b"))

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert rounds == [("a", "b")] * 3


def test_ratios_are_of_the_second_to_the_first_in_each_round():
    rounds = [(result(answered=100), result(answered=n, latency_s=0.010)) for n in (110, 120, 150)]
    found = {ratio.metric: ratio for ratio in ratios(rounds)}
    assert found["requests/s"].rounds == pytest.approx((1.1, 1.2, 1.5))
    assert (found["requests/s"].median, found["requests/s"].low, found["requests/s"].high) == (1.2, 1.1, 1.5)
    assert found["p99"].median == pytest.approx(2.0)


def test_what_a_server_did_not_do_has_no_ratio():
    silent = replace(result(answered=0), num_within=0)
    assert ratios([(result(), silent)]) == ()


@pytest.mark.parametrize(
    ("better", "rounds", "verdict"),
    [
        ("more", (1.2,), "one round: no spread"),
        ("more", (1.2, 1.1, 1.3), "too few rounds to tell"),
        ("more", (1.2, 1.1, 1.3, 1.2, 1.2, 0.9), "no difference beyond the spread"),
        ("more", (1.2, 1.1, 1.3, 1.2, 1.2, 1.1), "better"),
        ("more", (0.8, 0.9, 0.8, 0.7, 0.9, 0.9), "worse"),
        ("less", (1.2, 1.1, 1.3, 1.2, 1.2, 1.1), "worse"),
        ("less", (0.8, 0.9, 0.8, 0.7, 0.9, 0.9), "better"),
    ],
)
def test_only_what_holds_in_every_round_is_a_difference(better, rounds, verdict):
    ratio = Ratio(metric="x", better=better, rounds=rounds)
    assert ratio.verdict == verdict
    assert ratio_document(ratio)["verdict"] == verdict
