import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.core.aspired_version_policy import (
    Act,
    Action,
    AspiredServableStateSnapshot,
    availability_preserving_policy,
    highest_aspired_new,
    resource_preserving_policy,
)
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId

S = HarnessState
ASPIRED, LEAVING = True, False


def stream(*versions: tuple[int, HarnessState, bool]) -> list[AspiredServableStateSnapshot]:
    return [AspiredServableStateSnapshot(ServableId("test", v), state, aspired) for v, state, aspired in versions]


def load(version: int) -> Action:
    return Action(Act.LOAD, ServableId("test", version))


def unload(version: int) -> Action:
    return Action(Act.UNLOAD, ServableId("test", version))


def test_highest_aspired_new_is_none_without_one():
    assert highest_aspired_new(stream((1, S.LOADING, ASPIRED), (2, S.NEW, LEAVING))) is None


def test_highest_aspired_new_is_the_highest():
    versions = stream((4, S.NEW, ASPIRED), (5, S.NEW, ASPIRED), (6, S.NEW, LEAVING), (7, S.READY, ASPIRED))
    assert highest_aspired_new(versions) == ServableId("test", 5)


@pytest.mark.parametrize(
    ("claim", "versions", "action"),
    [
        ("loads new aspired", [(1, S.READY, LEAVING), (2, S.NEW, ASPIRED), (3, S.NEW, ASPIRED)], load(3)),
        (
            "unloads lowest non-aspired first",
            [(1, S.READY, LEAVING), (2, S.READY, LEAVING), (3, S.READY, ASPIRED), (4, S.NEW, ASPIRED)],
            unload(1),
        ),
        ("unloads first non-aspired when none aspired", [(1, S.READY, LEAVING), (5, S.READY, LEAVING)], unload(1)),
        ("unloads the only one when none aspired", [(5, S.READY, LEAVING)], unload(5)),
        (
            "no action when none",
            [(1, S.READY, ASPIRED), (2, S.ERROR, ASPIRED), (3, S.LOAD_REQUESTED, ASPIRED), (4, S.DISABLED, LEAVING)],
            None,
        ),
        ("does not unload when other not ready", [(1, S.READY, LEAVING), (2, S.LOADING, ASPIRED)], None),
        ("does not unload when other in error", [(1, S.READY, LEAVING), (2, S.ERROR, ASPIRED)], None),
        (
            "unloads if other ready even if one is loading",
            [(1, S.READY, LEAVING), (2, S.READY, ASPIRED), (3, S.LOADING, ASPIRED)],
            unload(1),
        ),
        (
            "unloads if other ready even if one is in error",
            [(1, S.READY, LEAVING), (2, S.READY, ASPIRED), (3, S.ERROR, ASPIRED)],
            unload(1),
        ),
        (
            "unloads lowest of several old ones though no aspired is ready",
            [(1, S.READY, LEAVING), (2, S.READY, LEAVING), (3, S.LOADING, ASPIRED)],
            unload(1),
        ),
        (
            "loads while an old one is still unloading",
            [(1, S.UNLOADING, LEAVING), (2, S.NEW, ASPIRED)],
            load(2),
        ),
        ("nothing for nothing", [], None),
    ],
)
def test_availability_preserving_policy(claim, versions, action):
    assert availability_preserving_policy(stream(*versions)) == action


@pytest.mark.parametrize(
    ("claim", "versions", "action"),
    [
        ("unloads first non-aspired", [(1, S.READY, LEAVING), (2, S.READY, LEAVING), (3, S.NEW, ASPIRED)], unload(1)),
        ("loads highest aspired when none to unload", [(4, S.NEW, ASPIRED), (5, S.NEW, ASPIRED)], load(5)),
        (
            "no action when none",
            [(1, S.READY, ASPIRED), (2, S.ERROR, ASPIRED), (3, S.LOADING, ASPIRED), (4, S.DISABLED, LEAVING)],
            None,
        ),
        ("does not load when others still unloading", [(1, S.UNLOADING, LEAVING), (2, S.NEW, ASPIRED)], None),
        ("does not load when an old one is new", [(1, S.NEW, LEAVING), (2, S.NEW, ASPIRED)], None),
        ("loads if unaspired is in error", [(1, S.ERROR, LEAVING), (2, S.NEW, ASPIRED)], load(2)),
        (
            "error and unload requested prevent loading",
            [(1, S.ERROR, LEAVING), (2, S.UNLOAD_REQUESTED, LEAVING), (3, S.NEW, ASPIRED)],
            None,
        ),
        (
            "error and disabled allow loading",
            [(1, S.ERROR, LEAVING), (2, S.DISABLED, LEAVING), (3, S.NEW, ASPIRED)],
            load(3),
        ),
    ],
)
def test_resource_preserving_policy(claim, versions, action):
    assert resource_preserving_policy(stream(*versions)) == action


any_stream = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(list(HarnessState)), st.booleans()),
    unique_by=lambda version: version[0],
)


@given(any_stream)
@pytest.mark.parametrize("policy", [availability_preserving_policy, resource_preserving_policy])
def test_actions_are_legal(policy, versions):
    snapshots = stream(*versions)
    action = policy(snapshots)
    if action is None:
        return
    of = next(snapshot for snapshot in snapshots if snapshot.id == action.id)
    expected = (S.NEW, ASPIRED) if action.act is Act.LOAD else (S.READY, LEAVING)
    assert (of.state, of.is_aspired) == expected


@given(any_stream)
def test_availability_preserving_never_unloads_the_last_ready_version_while_one_is_aspired(versions):
    action = availability_preserving_policy(stream(*versions))
    if action is not None and action.act is Act.UNLOAD and any(aspired for _, _, aspired in versions):
        assert sum(state is S.READY for _, state, _ in versions) > 1


@given(any_stream)
def test_resource_preserving_never_loads_beside_an_old_version(versions):
    action = resource_preserving_policy(stream(*versions))
    if action is not None and action.act is Act.LOAD:
        assert all(aspired or state in {S.DISABLED, S.ERROR} for _, state, aspired in versions)
