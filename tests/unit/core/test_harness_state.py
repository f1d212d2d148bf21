import itertools
import pathlib

import pytest

from salver.core.harness_state import (
    DROPPABLE_STATES,
    PUBLISHED_STATES,
    RESOURCE_STATES,
    TARGETS,
    TRANSITIONS,
    HarnessEvent,
    HarnessState,
    next_state,
    states_page,
)
from salver.core.servable_state import ManagerState
from salver.errors import InternalError

S, E = HarnessState, HarnessEvent

REPOSITORY = pathlib.Path(__file__).parents[3]


def test_a_whole_life_goes_through_all_states_in_order():
    state, walked = S.NEW, ["new"]
    life = [E.REQUEST_LOAD, E.APPROVE_LOAD, E.START_LOADING, E.FINISH_LOADING, E.REQUEST_UNLOAD, E.START_QUIESCING]
    for event in [*life, E.FINISH_QUIESCING, E.START_UNLOADING, E.FINISH_UNLOADING]:
        state = next_state(state, event)
        walked.append(state.value)
    assert walked == [
        "new", "load-requested", "load-approved", "loading", "ready",
        "unload-requested", "quiescing", "quiesced", "unloading", "disabled",
    ]  # fmt: skip


def test_cancelled_load_goes_from_loading_to_unloading():
    assert next_state(S.LOADING, E.UNDO_LOADING) is S.UNLOADING


def test_every_state_that_is_not_final_may_fail():
    for state in set(S) - {S.DISABLED, S.ERROR}:
        assert next_state(state, E.FAIL) is S.ERROR


@pytest.mark.parametrize(("state", "event"), list(itertools.product(S, E)))
def test_what_is_not_in_the_table_raises(state, event):
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(InternalError) as raised:
        next_state(state, event)
    target = TARGETS[event].value
    assert raised.value.message == f"Illegal request to transition from state {state.value} to {target}"


def test_every_event_leads_to_one_state():
    for event in E:
        assert len({to for (_, by), to in TRANSITIONS.items() if by is event}) == 1


def test_final_states_have_no_way_out():
    assert {state for state in S if not any(by == state for by, _ in TRANSITIONS)} == {S.DISABLED, S.ERROR}


def test_resources_are_held_from_the_approval_to_the_end():
    assert {state.value for state in RESOURCE_STATES} == {
        "load-approved", "loading", "ready", "unload-requested", "quiescing", "quiesced", "unloading",
    }  # fmt: skip
    assert not RESOURCE_STATES & DROPPABLE_STATES


def test_published_states_rise_along_a_life():
    order = [S.NEW, S.LOADING, S.READY, S.QUIESCING, S.DISABLED]
    assert [PUBLISHED_STATES[state] for state in order] == list(ManagerState)
    assert PUBLISHED_STATES[S.ERROR] is ManagerState.END


def test_states_page_is_up_to_date():
    page = REPOSITORY / "docs" / "concepts" / "states.md"
    assert page.read_text() == states_page(), (
        "write it anew: python -m salver.core.harness_state > docs/concepts/states.md"
    )
