import pytest

from salver.core.ids import ServableId
from salver.core.servable_state import ManagerState, ServableState
from salver.errors import FailedPreconditionError, UnknownError
from salver.server.labels import check_new_labels, labels_in_effect


@pytest.mark.parametrize(
    ("wanted", "before", "serving", "effect"),
    [
        ({"stable": 2}, {}, {2}, {"stable": 2}),
        ({"stable": 2}, {"stable": 1}, {1}, {"stable": 1}),
        ({"stable": 2}, {"stable": 1}, {1, 2}, {"stable": 2}),
        ({"stable": 2}, {}, {1}, {"stable": 2}),
        ({"stable": 2}, {"stable": 1}, set(), {"stable": 2}),
        ({}, {"stable": 1}, {1}, {}),
        ({"a": 1, "b": 1}, {}, {1}, {"a": 1, "b": 1}),
    ],
    ids=[
        "version serves",
        "keeps the last version until the new one serves",
        "moves once the new one serves",
        "had none before",
        "neither serves",
        "vanishes",
        "two labels of one version",
    ],
)
def test_labels_in_effect(wanted, before, serving, effect):
    assert labels_in_effect(wanted, before, serving) == effect


def state(version, manager_state, error=None):
    return {version: ServableState(ServableId("m", version), manager_state, error)}


@pytest.mark.parametrize("manager_state", [ManagerState.START, ManagerState.LOADING, ManagerState.AVAILABLE])
def test_label_may_name_a_version_that_serves_or_may_yet(manager_state):
    check_new_labels("m", {"stable": 1}, {}, state(1, manager_state))


@pytest.mark.parametrize(
    "states",
    [{}, state(1, ManagerState.UNLOADING), state(1, ManagerState.END, UnknownError("broken"))],
    ids=["unknown", "going away", "failed"],
)
def test_label_of_a_version_that_cannot_come_to_serve_is_refused(states):
    with pytest.raises(FailedPreconditionError, match="label stable to version 1 of model m"):
        check_new_labels("m", {"stable": 1}, {}, states)


def test_label_that_stays_as_it_was_is_not_checked():
    check_new_labels("m", {"stable": 1}, {"stable": 1}, {})
