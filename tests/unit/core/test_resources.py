import pytest
from hypothesis import given
from hypothesis import strategies as st

from salver.core.resources import Resource, ResourceAllocation, ResourceUtil
from salver.errors import InvalidArgumentError

UTIL = ResourceUtil({"main": 1, "gpu": 2, "none": 0})

MAIN, MAIN_0 = Resource("main", "ram"), Resource("main", "ram", 0)
GPU, GPU_0, GPU_1 = Resource("gpu", "ram"), Resource("gpu", "ram", 0), Resource("gpu", "ram", 1)
CORES_0 = Resource("main", "processing_in_millicores", 0)


def allocation(quantities=()):
    return ResourceAllocation(quantities)


allocations = st.dictionaries(
    st.sampled_from([MAIN, MAIN_0, GPU, GPU_0, GPU_1, CORES_0]), st.integers(0, 1000), max_size=6
).map(ResourceAllocation)
bound_allocations = allocations.map(UTIL.overbind)

# --- The value


def test_allocation_is_a_mapping_in_which_absent_is_zero():
    value = allocation({MAIN: 16})
    assert value[MAIN] == value.quantity(MAIN) == 16
    assert value.quantity(GPU) == 0
    assert GPU not in value
    assert list(value) == [MAIN]
    assert len(value) == 1


def test_allocations_are_values():
    assert allocation({MAIN: 1, GPU: 2}) == allocation([(GPU, 2), (MAIN, 1)])
    assert hash(allocation({MAIN: 1, GPU: 2})) == hash(allocation({GPU: 2, MAIN: 1}))
    assert allocation({MAIN: 1}) != allocation({MAIN: 2})


def test_allocation_keeps_its_own_entries():
    quantities = {MAIN: 1}
    value = allocation(quantities)
    quantities[MAIN] = 2
    assert value[MAIN] == 1


def test_texts_name_device_instance_and_kind():
    assert str(allocation({GPU_1: 3, MAIN: 16, GPU: 1})) == "{gpu/ram: 1, gpu:1/ram: 3, main/ram: 16}"
    assert str(allocation()) == "{}"


def test_repeated_resource_is_invalid():
    with pytest.raises(InvalidArgumentError, match="Invalid resource allocation: Repeated resource main/ram"):
        allocation([(MAIN, 1), (MAIN, 1)])


def test_unbound_and_bound_do_not_repeat_each_other():
    UTIL.verify_validity(allocation([(MAIN, 1), (MAIN_0, 1)]))


def test_negative_quantity_is_invalid():
    with pytest.raises(InvalidArgumentError, match="Negative quantity -1 of main/ram"):
        allocation({MAIN: -1})


# --- Validity


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (Resource("tpu", "ram"), "Invalid resource allocation: Invalid device tpu"),
        (Resource("none", "ram"), "Invalid resource allocation: Invalid device none"),
        (Resource("gpu", "ram", 2), "Invalid resource allocation: Invalid device instance gpu:2"),
        (Resource("main", "ram", 1), "Invalid resource allocation: Invalid device instance main:1"),
        (Resource("gpu", "ram", -1), "Invalid resource allocation: Invalid device instance gpu:-1"),
    ],
)
def test_unknown_device_or_instance_is_invalid(resource, message):
    with pytest.raises(InvalidArgumentError) as caught:
        UTIL.verify_validity(allocation({resource: 1}))
    assert caught.value.message == message


def test_known_devices_are_valid():
    UTIL.verify_validity(allocation())
    UTIL.verify_validity(allocation({MAIN: 1, GPU: 1, GPU_1: 1}))


# --- Normal form


@pytest.mark.parametrize(
    ("given_", "normal"),
    [
        ({}, {}),
        ({MAIN: 0, GPU_0: 0}, {}),
        ({MAIN: 5}, {MAIN_0: 5}),
        ({GPU: 5}, {GPU: 5}),
        ({MAIN: 5, MAIN_0: 2}, {MAIN_0: 7}),
    ],
)
def test_normalize_drops_zeros_and_binds_on_single_instance_devices(given_, normal):
    assert UTIL.normalize(allocation(given_)) == allocation(normal)
    assert UTIL.is_normalized(allocation(normal))
    assert UTIL.is_normalized(allocation(given_)) == (given_ == normal)


@pytest.mark.parametrize(
    ("quantities", "is_bound"),
    [({}, True), ({MAIN_0: 1, GPU_1: 1}, True), ({MAIN: 1}, True), ({MAIN_0: 1, GPU: 1}, False), ({GPU: 0}, True)],
)
def test_is_bound_once_every_entry_has_an_instance(quantities, is_bound):
    assert UTIL.is_bound(allocation(quantities)) == is_bound


# --- Single quantities


def test_bound_resource_is_on_instance_0_by_default():
    assert UTIL.create_bound_resource("gpu", "ram") == GPU_0
    assert UTIL.create_bound_resource("gpu", "ram", 1) == GPU_1


def test_get_quantity_takes_bound_and_unbound_for_the_same_on_single_instance_devices():
    value = allocation({MAIN: 16, GPU: 2, GPU_1: 3})
    assert UTIL.get_quantity(MAIN_0, value) == UTIL.get_quantity(MAIN, value) == 16
    assert [UTIL.get_quantity(resource, value) for resource in (GPU, GPU_0, GPU_1)] == [2, 0, 3]


def test_set_quantity_replaces_adds_and_removes():
    value = allocation({MAIN: 16})
    assert UTIL.set_quantity(MAIN, 3, value) == allocation({MAIN_0: 3})
    assert UTIL.set_quantity(GPU_1, 4, value) == allocation({MAIN_0: 16, GPU_1: 4})
    assert UTIL.set_quantity(MAIN_0, 0, value) == allocation()
    assert UTIL.set_quantity(GPU, 0, value) == allocation({MAIN_0: 16})
    assert value == allocation({MAIN: 16})


# --- Arithmetic


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ({}, {}, {}),
        ({MAIN: 1}, {}, {MAIN_0: 1}),
        ({MAIN: 1, GPU_0: 3}, {MAIN_0: 2, GPU_1: 4}, {MAIN_0: 3, GPU_0: 3, GPU_1: 4}),
        ({GPU: 1}, {GPU_0: 2}, {GPU: 1, GPU_0: 2}),
    ],
)
def test_add_keeps_bound_and_unbound_apart(left, right, total):
    assert UTIL.add(allocation(left), allocation(right)) == allocation(total)


@pytest.mark.parametrize(
    ("amount", "whole", "rest"),
    [
        ({}, {}, {}),
        ({}, {MAIN: 1}, {MAIN_0: 1}),
        ({MAIN: 1}, {MAIN: 1, GPU: 2}, {GPU: 2}),
        ({MAIN: 2}, {MAIN: 1}, None),
        ({GPU_0: 1}, {MAIN: 5}, None),
        ({GPU: 1}, {GPU_0: 5}, None),
        ({GPU_0: 1}, {GPU: 5}, None),
        ({GPU: 1, GPU_0: 2}, {GPU: 3, GPU_0: 3}, {GPU: 2, GPU_0: 1}),
    ],
)
def test_subtract_refuses_to_become_negative(amount, whole, rest):
    expected = None if rest is None else allocation(rest)
    assert UTIL.subtract(allocation(amount), allocation(whole)) == expected


def test_multiply():
    assert UTIL.multiply(3, allocation({MAIN: 2, GPU: 1})) == allocation({MAIN_0: 6, GPU: 3})
    assert UTIL.multiply(0, allocation({MAIN: 2})) == allocation()


def test_equal_compares_meaning():
    assert UTIL.equal(allocation({MAIN: 1, GPU_1: 0}), allocation({MAIN_0: 1}))
    assert UTIL.equal(allocation([(MAIN, 1), (GPU, 2)]), allocation([(GPU, 2), (MAIN, 1)]))
    assert not UTIL.equal(allocation({GPU: 1}), allocation({GPU_0: 1}))


@pytest.mark.parametrize(
    ("left", "right", "fits"),
    [
        ({}, {}, True),
        ({}, {MAIN: 1}, True),
        ({MAIN: 1}, {}, False),
        ({MAIN: 1}, {MAIN_0: 1}, True),
        ({MAIN: 2}, {MAIN: 1}, False),
        ({MAIN: 1}, {GPU_0: 9}, False),
        ({GPU_1: 2}, {GPU_0: 9, GPU_1: 1}, False),
        # unbound: somewhere, not everywhere, and not spread over instances
        ({GPU: 2}, {GPU_0: 1, GPU_1: 2}, True),
        ({GPU: 3}, {GPU_0: 2, GPU_1: 2}, False),
        # what is bound is taken away first
        ({GPU: 2, GPU_1: 1}, {GPU_0: 1, GPU_1: 2}, False),
        ({GPU: 2, GPU_1: 1}, {GPU_0: 1, GPU_1: 3}, True),
    ],
)
def test_less_than_or_equal(left, right, fits):
    assert UTIL.less_than_or_equal(allocation(left), allocation(right)) == fits


def test_unbound_entries_are_placed_each_on_its_own():
    cores = Resource("gpu", "cores")
    wanted = allocation({GPU: 2, cores: 2})
    room = allocation({GPU_0: 2, Resource("gpu", "cores", 1): 2})
    assert UTIL.less_than_or_equal(wanted, room)


def test_comparison_needs_a_bound_right_side():
    with pytest.raises(InvalidArgumentError, match="must be bound"):
        UTIL.less_than_or_equal(allocation(), allocation({GPU: 1}))


@pytest.mark.parametrize(
    ("given_", "overbound"),
    [
        ({}, {}),
        ({MAIN: 3}, {MAIN_0: 3}),
        ({GPU: 3}, {GPU_0: 3, GPU_1: 3}),
        ({GPU: 3, GPU_1: 4}, {GPU_0: 3, GPU_1: 7}),
    ],
)
def test_overbind_counts_the_unbound_on_every_instance(given_, overbound):
    assert UTIL.overbind(allocation(given_)) == allocation(overbound)


def test_max_and_min_go_entry_by_entry():
    left, right = allocation({MAIN: 1, GPU: 5}), allocation({MAIN_0: 2, GPU_0: 4})
    assert UTIL.max(left, right) == allocation({MAIN_0: 2, GPU: 5, GPU_0: 4})
    assert UTIL.min(left, right) == allocation({MAIN_0: 1})


def test_override_may_name_only_devices_and_kinds_of_the_base():
    base = allocation({MAIN: 1, GPU: 1})
    UTIL.verify_override_device_validity(base, allocation({MAIN_0: 9, GPU_1: 9}))
    with pytest.raises(InvalidArgumentError, match="main/processing_in_millicores"):
        UTIL.verify_override_device_validity(base, allocation({CORES_0: 1}))
    with pytest.raises(InvalidArgumentError, match="gpu/ram"):
        UTIL.verify_override_device_validity(allocation({MAIN: 1}), allocation({GPU: 1}))


# --- Laws


@given(allocations, allocations)
def test_add_then_subtract_gives_back_the_first(left, right):
    assert UTIL.subtract(right, UTIL.add(left, right)) == UTIL.normalize(left)


@given(allocations, allocations)
def test_subtract_then_add_gives_back_the_whole(amount, whole):
    rest = UTIL.subtract(amount, whole)
    if rest is not None:
        assert UTIL.add(rest, amount) == UTIL.normalize(whole)


@given(allocations, allocations)
def test_addition_commutes(left, right):
    assert UTIL.add(left, right) == UTIL.add(right, left)


@given(allocations)
def test_normalize_is_idempotent_and_results_are_normal(value):
    assert UTIL.is_normalized(UTIL.normalize(value))
    assert UTIL.is_normalized(UTIL.add(value, value))
    assert UTIL.add(value, value) == UTIL.multiply(2, value)


@given(allocations, bound_allocations)
def test_what_fits_overbound_fits(left, right):
    if UTIL.less_than_or_equal(UTIL.overbind(left), right):
        assert UTIL.less_than_or_equal(left, right)


@given(bound_allocations, bound_allocations)
def test_bound_comparison_agrees_with_subtraction_and_maximum(left, right):
    fits = UTIL.less_than_or_equal(left, right)
    assert fits == (UTIL.subtract(left, right) is not None)
    assert fits == (UTIL.max(left, right) == right)
    assert fits == (UTIL.min(left, right) == left)


@given(allocations)
def test_overbound_is_bound_and_not_less(value):
    assert UTIL.is_bound(UTIL.overbind(value))
    assert UTIL.less_than_or_equal(value, UTIL.overbind(value))
