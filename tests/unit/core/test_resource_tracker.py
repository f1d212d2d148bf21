import pytest

from salver.core.resource_tracker import ResourceTracker
from salver.core.resources import Resource, ResourceAllocation, ResourceUtil
from salver.errors import InvalidArgumentError, UnknownError

UTIL = ResourceUtil({"main": 1, "gpu": 2})
MAIN, MAIN_0 = Resource("main", "ram_in_bytes"), Resource("main", "ram_in_bytes", 0)
GPU, GPU_0, GPU_1 = (Resource("gpu", "ram_in_bytes", instance) for instance in (None, 0, 1))
TOTAL = ResourceAllocation({MAIN: 16, GPU_0: 16, GPU_1: 16})


class FakeEstimate:
    """A loader that wants these quantities, or fails to say."""

    def __init__(self, quantities, error=None):
        self.quantities = quantities
        self.error = error

    def estimate_resources(self):
        if self.error is not None:
            raise self.error
        return ResourceAllocation(self.quantities)


INVALID = FakeEstimate({Resource("tpu", "ram_in_bytes"): 1})


@pytest.fixture
def tracker():
    return ResourceTracker(TOTAL, UTIL)


def test_total_must_be_bound_and_valid():
    with pytest.raises(InvalidArgumentError, match=r"total_resources must be bound: \{gpu/ram_in_bytes: 16\}"):
        ResourceTracker(ResourceAllocation({GPU: 16}), UTIL)
    with pytest.raises(InvalidArgumentError, match="Invalid device tpu"):
        ResourceTracker(ResourceAllocation({Resource("tpu", "ram_in_bytes", 0): 16}), UTIL)


def test_total_on_a_single_instance_device_need_not_name_it():
    assert ResourceTracker(ResourceAllocation({MAIN: 16}), UTIL).total == ResourceAllocation({MAIN_0: 16})


@pytest.mark.parametrize(
    ("used", "requested", "is_reserved"),
    [
        ({}, {}, True),
        ({}, {MAIN: 16}, True),
        ({}, {MAIN: 17}, False),
        # the worked example
        ({MAIN: 5, GPU_0: 7}, {MAIN: 15}, False),
        ({GPU: 12}, {GPU_0: 3}, True),
        ({GPU: 12}, {GPU_0: 7}, False),
        ({GPU: 12}, {GPU: 12}, False),
        # host and device memory are both limits
        ({MAIN: 5, GPU_0: 7}, {MAIN: 11, GPU_0: 9}, True),
        ({MAIN: 5, GPU_0: 7}, {MAIN: 11, GPU_0: 10}, False),
        ({MAIN: 5, GPU_0: 7}, {MAIN: 11, GPU: 16}, True),
    ],
)
def test_reserves_what_fits_beside_the_overbound_use(tracker, used, requested, is_reserved):
    tracker.recompute_used([FakeEstimate(used)])
    before = tracker.used
    assert tracker.reserve(FakeEstimate(requested)) == is_reserved
    expected = UTIL.add(before, ResourceAllocation(requested)) if is_reserved else before
    assert tracker.used == expected


def test_reserved_unbound_quantities_stay_unbound(tracker):
    assert tracker.reserve(FakeEstimate({GPU: 12}))
    assert tracker.used == ResourceAllocation({GPU: 12})


def test_refusal_names_total_used_and_requested(tracker, caplog):
    tracker.recompute_used([FakeEstimate({MAIN: 5})])
    wanted = FakeEstimate({MAIN: 15})
    expected = (
        "Insufficient resources to load servable: "
        "total {gpu:0/ram_in_bytes: 16, gpu:1/ram_in_bytes: 16, main:0/ram_in_bytes: 16}, "
        "used {main:0/ram_in_bytes: 5}, requested {main:0/ram_in_bytes: 15}"
    )
    assert not tracker.reserve(wanted)
    assert caplog.messages == [expected]
    assert tracker.explain_refusal(wanted) == expected


def test_recompute_replaces_what_was_reserved(tracker):
    tracker.reserve(FakeEstimate({MAIN: 9}))
    tracker.recompute_used([FakeEstimate({MAIN: 5}), FakeEstimate({MAIN: 1, GPU_1: 2})])
    assert tracker.used == ResourceAllocation({MAIN_0: 6, GPU_1: 2})
    tracker.recompute_used([])
    assert tracker.used == ResourceAllocation()


def test_invalid_estimate_is_an_error_and_reserves_nothing(tracker):
    with pytest.raises(InvalidArgumentError, match="Invalid device tpu"):
        tracker.reserve(INVALID)
    assert tracker.used == ResourceAllocation()


def test_failed_recomputation_changes_nothing(tracker):
    tracker.reserve(FakeEstimate({MAIN: 9}))
    with pytest.raises(InvalidArgumentError):
        tracker.recompute_used([FakeEstimate({MAIN: 1}), INVALID])
    assert tracker.used == ResourceAllocation({MAIN_0: 9})


def test_estimate_that_raises_is_an_error(tracker):
    with pytest.raises(UnknownError, match="ValueError: no idea"):
        tracker.reserve(FakeEstimate({}, ValueError("no idea")))
