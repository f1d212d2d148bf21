"""Loading single versions anew by hand: `AspiredVersionsManager.begin_reload` and `allow_retry`."""

import pytest

from salver.core.aspired_version_policy import resource_preserving_policy
from salver.core.aspired_versions_manager import AspiredVersionsManager
from salver.core.event_bus import EventBus
from salver.core.harness_state import HarnessState
from salver.core.ids import ServableId
from salver.core.manager_options import AspiredVersionsManagerOptions
from salver.core.resources import MAIN, RAM_IN_BYTES, Resource, ResourceAllocation
from salver.core.retry import Backoff, RetryOptions
from salver.core.servable_data import ServableData
from salver.core.servable_request import ServableRequest
from salver.core.servable_state import ServableState
from salver.errors import FailedPreconditionError, NotFoundError
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_loader import FakeLoader
from salver.testing.state_recorder import StateRecorder, step_until

ONE, TWO = ServableId("m", 1), ServableId("m", 2)


class Kit:
    """A manager that is stepped by hand, with threads for loads and unloads."""

    def __init__(self, **options) -> None:
        self.bus = EventBus[ServableState]()
        self.recorder = StateRecorder(self.bus)
        self.clock = FakeClock()
        self.manager = AspiredVersionsManager(
            AspiredVersionsManagerOptions(
                num_load_threads=2,
                num_unload_threads=2,
                event_bus=self.bus,
                clock=self.clock,
                retry=RetryOptions(max_num_retries=0),
                **options,
            )
        )
        self.emit = self.manager.get_aspired_versions_callback()

    def aspire(self, *versions: int, **loader) -> dict[int, FakeLoader]:
        loaders = {version: FakeLoader(f"m{version}", **loader) for version in versions}
        self.emit("m", [ServableData(ServableId("m", version), one) for version, one in loaders.items()])
        return loaders

    def settle(self, **states: HarnessState) -> None:
        """Step until the versions, written `v1=...`, are in these states and there are no others."""
        wanted = {int(name[1:]): state for name, state in states.items()}
        step_until(self.manager, lambda: self.states() == wanted)

    def states(self) -> dict[int, HarnessState]:
        return {snapshot.id.version: snapshot.state for snapshot in self.manager.get_state_snapshots("m")}


READY, ERROR = HarnessState.READY, HarnessState.ERROR


@pytest.fixture
def kit():
    made = Kit(failed_version_backoff=Backoff(interval_s=100))
    yield made
    made.manager.close()


def test_reload_unloads_and_loads_again_while_other_versions_serve(kit):
    first = kit.aspire(1, 2)
    kit.settle(v1=READY, v2=READY)
    kit.manager.begin_reload(ONE)
    second = kit.aspire(1, 2)
    step_until(kit.manager, lambda: second[1].num_load_attempts == 1)
    kit.settle(v1=READY, v2=READY)
    assert (first[1].num_unloads, first[2].num_unloads) == (1, 0)
    assert second[2].num_load_attempts == 0, "the other version keeps its loader"


def test_reload_goes_on_where_the_policy_would_keep_the_version(kit):
    """Alone at serving beside a version that failed, it would not be unloaded by the policy."""
    kit.aspire(1)
    kit.settle(v1=READY)
    kit.emit("m", [ServableData(ONE, FakeLoader()), ServableData(TWO, FakeLoader(num_failures=9))])
    kit.settle(v1=READY, v2=ERROR)
    kit.manager.begin_reload(ONE)
    again = kit.aspire(1, 2)
    step_until(kit.manager, lambda: again[1].num_load_attempts == 1)
    kit.settle(v1=READY, v2=ERROR)


def test_reload_under_the_resource_preserving_policy():
    kit = Kit(policy_for=lambda _: resource_preserving_policy)
    first = kit.aspire(1, 2)
    kit.settle(v1=READY, v2=READY)
    kit.manager.begin_reload(TWO)
    second = kit.aspire(1, 2)
    step_until(kit.manager, lambda: second[2].num_load_attempts == 1)
    kit.settle(v1=READY, v2=READY)
    assert first[1].num_unloads == 0
    kit.manager.close()


def test_version_in_use_is_reloaded_after_its_last_use(kit):
    first = kit.aspire(1)
    kit.settle(v1=READY)
    handle = kit.manager.get_servable_handle(ServableRequest.specific("m", 1), str)
    kit.manager.begin_reload(ONE)
    second = kit.aspire(1)
    kit.manager.step()
    assert (first[1].num_unloads, second[1].num_load_attempts) == (0, 0)
    handle.release()
    step_until(kit.manager, lambda: second[1].num_load_attempts == 1)
    kit.settle(v1=READY)


def test_version_that_is_taken_away_meanwhile_is_not_loaded_again(kit):
    kit.aspire(1, 2)
    kit.settle(v1=READY, v2=READY)
    kit.manager.begin_reload(ONE)
    kit.aspire(2)
    kit.settle(v2=READY)


def test_version_that_is_gone_for_good_does_not_keep_lists_waiting(kit):
    kit.aspire(1)
    kit.settle(v1=READY)
    kit.manager.begin_reload(ONE)
    kit.aspire()
    kit.settle()
    kit.aspire(1)
    kit.settle(v1=READY)


def test_reload_that_fails_is_a_failed_version_and_tried_again_after_its_pause(kit):
    kit.aspire(1)
    kit.settle(v1=READY)
    kit.manager.begin_reload(ONE)
    kit.aspire(1, num_failures=1)
    step_until(kit.manager, lambda: kit.manager.get_failed_loads(ONE).num_failures == 1)
    kit.settle(v1=ERROR)
    kit.clock.advance(100)
    kit.settle(v1=READY)


def test_only_what_is_loaded_is_reloaded(kit):
    with pytest.raises(NotFoundError, match="not aspired"):
        kit.manager.begin_reload(ONE)
    kit.aspire(1, num_failures=9)
    kit.settle(v1=ERROR)
    with pytest.raises(FailedPreconditionError, match="is error; only a loaded one is reloaded"):
        kit.manager.begin_reload(ONE)


def test_second_reload_has_to_wait_for_the_first(kit):
    kit.aspire(1)
    kit.settle(v1=READY)
    kit.manager.begin_reload(ONE)
    with pytest.raises(NotFoundError):
        kit.manager.begin_reload(ONE)


def test_retry_does_not_wait_for_the_pause(kit):
    kit.aspire(1, num_failures=9)
    kit.settle(v1=ERROR)
    again = kit.aspire(1)
    kit.manager.step()
    assert again[1].num_load_attempts == 0, "a list alone does not try a failed version again"
    kit.manager.allow_retry(ONE)
    once_more = kit.aspire(1)
    kit.settle(v1=READY)
    assert once_more[1].num_load_attempts == 1
    assert kit.manager.get_failed_loads(ONE).num_failures == 0


def test_retry_that_fails_counts_and_pauses_as_any_other(kit):
    kit.aspire(1, num_failures=9)
    step_until(kit.manager, lambda: kit.manager.get_failed_loads(ONE).num_failures == 1)
    kit.clock.advance(50)
    assert kit.manager.get_failed_loads(ONE).next_retry_s == 50
    kit.manager.allow_retry(ONE)
    kit.aspire(1, num_failures=9)
    step_until(kit.manager, lambda: kit.manager.get_failed_loads(ONE).num_failures == 2)
    assert kit.manager.get_failed_loads(ONE).next_retry_s == 100


def test_retry_works_without_a_back_off():
    kit = Kit()
    kit.aspire(1, num_failures=9)
    kit.settle(v1=ERROR)
    kit.manager.allow_retry(ONE)
    kit.aspire(1)
    kit.settle(v1=READY)
    kit.manager.close()


def test_retry_is_forgotten_when_the_version_is_taken_away(kit):
    kit.aspire(1, num_failures=9)
    kit.settle(v1=ERROR)
    kit.manager.allow_retry(ONE)
    kit.aspire()
    kit.settle()
    kit.aspire(1, num_failures=9)
    kit.settle(v1=ERROR)
    later = kit.aspire(1)
    kit.manager.step()
    assert later[1].num_load_attempts == 0


def test_only_what_failed_is_retried(kit):
    kit.aspire(1)
    kit.settle(v1=READY)
    with pytest.raises(FailedPreconditionError, match="is ready; only a failed one is retried"):
        kit.manager.allow_retry(ONE)
    with pytest.raises(NotFoundError):
        kit.manager.allow_retry(TWO)


def test_what_a_version_takes_is_known_while_it_takes_it(kit):
    takes = ResourceAllocation({Resource(MAIN, RAM_IN_BYTES, 0): 7})
    assert kit.manager.get_resource_estimate(ONE) is None
    assert kit.manager.get_load_s(ONE) is None
    kit.aspire(1, estimate=takes)
    kit.settle(v1=READY)
    assert kit.manager.get_resource_estimate(ONE) == takes
    assert kit.manager.get_load_s(ONE) >= 0
    kit.aspire()
    kit.settle()
    assert kit.manager.get_resource_estimate(ONE) is None


def test_estimate_that_fails_is_none(kit):
    def fail():
        raise OSError

    kit.aspire(1, estimate=fail)
    kit.settle(v1=READY)
    assert kit.manager.get_resource_estimate(ONE) is None
