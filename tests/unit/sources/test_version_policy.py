import pytest

from salver.sources.version_policy import All, Latest, Specific, choose_versions

FOUND = [3, 1, 20, 7]


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [
        (Latest(), [20]),
        (Latest(2), [20, 7]),
        (Latest(0), [20]),
        (Latest(-3), [20]),
        (Latest(9), [20, 7, 3, 1]),
        (All(), [20, 7, 3, 1]),
        (Specific((3, 7)), [7, 3]),
        (Specific((3, 4)), [3]),
        (Specific((3, 3)), [3]),
        (Specific(()), []),
    ],
)
def test_policy_chooses(policy, chosen):
    assert choose_versions(policy, FOUND, lambda _: True) == chosen


@pytest.mark.parametrize("policy", [Latest(2), All(), Specific((1,))])
def test_nothing_found_is_nothing_chosen(policy):
    assert choose_versions(policy, [], lambda _: True) == []


@pytest.mark.parametrize(
    ("policy", "chosen"),
    [(Latest(), [7]), (Latest(2), [7, 3]), (All(), [7, 3, 1]), (Specific((20, 1)), [1])],
)
def test_version_that_is_not_ready_is_passed_over(policy, chosen):
    assert choose_versions(policy, FOUND, lambda version: version != 20) == chosen


def test_readiness_is_asked_only_of_versions_the_policy_would_take():
    asked = []
    choose_versions(Latest(2), FOUND, lambda version: bool(asked.append(version)) or True)
    assert asked == [20, 7]
