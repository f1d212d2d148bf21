import pytest

from salver.nearest import did_you_mean, nearest, nearest_or_all


@pytest.mark.parametrize(
    ("name", "found"), [("modle", "model"), ("MODEL", "model"), ("xs", None), ("", None), ("m" * 10**6, None)]
)
def test_the_nearest_is_a_mistyping_away(name, found):
    assert nearest(name, ["model", "version"]) == found


def test_a_name_is_given_back_as_it_is_known():
    assert nearest("tensorflo", ["TensorFlow", "python"]) == "TensorFlow"


def test_hints_end_a_message():
    assert did_you_mean("modle", ["model"], "or not") == "did you mean model?"
    assert did_you_mean("zzz", ["model"], "or not") == "or not"
    assert did_you_mean("zzz", ["model"]) == ""
    assert nearest_or_all("zzz", ["b", "a"]) == "there are a, b"
    assert nearest_or_all("zzz", ["a"]) == "there is a"
    assert nearest_or_all("zzz", []) == "there are none"
