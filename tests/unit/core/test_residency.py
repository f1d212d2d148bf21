import pytest

from salver.core.ids import ServableId
from salver.core.residency import Residency, ResidencyLimits
from salver.testing.fake_clock import FakeClock

A, B, C = (ServableId(name, 1) for name in "abc")


def residency_of(sizes: dict[ServableId, int], clock: FakeClock, **limits) -> Residency:
    residency = Residency(ResidencyLimits(max_bytes=10, **limits), clock)
    for id, num_bytes in sizes.items():
        residency.admit(id, num_bytes)
        clock.advance(1)
        residency.note_loaded(id)
    return residency


@pytest.mark.parametrize(("num_bytes", "missing"), [(3, -2), (5, 0), (6, 1)])
def test_missing_is_what_exceeds_the_limit(num_bytes, missing):
    assert residency_of({A: 2, B: 3}, FakeClock()).missing_bytes(num_bytes) == missing


def test_without_a_limit_nothing_is_ever_missing():
    residency = Residency(ResidencyLimits(), FakeClock())
    residency.admit(A, 10**15)
    assert residency.missing_bytes(10**15) == 0
    assert residency.is_within_limits()


def test_victims_are_the_least_recently_used_and_no_more_than_needed():
    clock = FakeClock()
    residency = residency_of({A: 3, B: 3, C: 3}, clock)
    clock.advance(1)
    residency.note_used(A)
    assert residency.choose_victims(3) == [B]
    assert residency.choose_victims(4) == [B, C]
    assert residency.choose_victims(9) == [B, C, A]
    assert residency.choose_victims(10) is None
    assert residency.choose_victims(0) == []


def test_pinned_names_and_what_still_loads_are_never_victims():
    residency = residency_of({A: 3, B: 3}, FakeClock(), pinned_names=frozenset({"a"}))
    residency.admit(C, 4)
    assert residency.choose_victims(3) == [B]
    assert residency.choose_victims(4) is None


def test_nobody_leaves_before_the_least_residency():
    clock = FakeClock()
    residency = residency_of({A: 3}, clock, min_residency_s=10)
    clock.advance(9)
    assert residency.choose_victims(1) is None
    clock.advance(1)
    assert residency.choose_victims(1) == [A]


def test_who_is_leaving_counts_as_gone_only_for_what_is_missing():
    residency = residency_of({A: 6, B: 4}, FakeClock())
    residency.note_leaving(A)
    assert residency.is_leaving(A)
    assert residency.missing_bytes(6) == 0
    residency.admit(C, 6)
    assert not residency.is_within_limits()
    residency.drop(A)
    assert residency.is_within_limits()
    assert not residency.is_leaving(A)


def test_use_of_an_unknown_version_is_ignored():
    Residency(ResidencyLimits(), FakeClock()).note_used(A)
