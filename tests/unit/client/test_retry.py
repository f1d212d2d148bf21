import math

import pytest

from salver.client.deadline import Deadline
from salver.client.retry import Attempts, RetryPolicy
from salver.errors import (
    DeadlineExceededError,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnavailableError,
)
from salver.testing.fake_clock import FakeClock

POLICY = RetryPolicy(max_attempts=5, initial_wait_s=1, max_wait_s=3, factor=2)


def attempts(policy=POLICY, deadline=None, *, is_repeatable=True, chance=1.0):
    given = deadline or Deadline.after(None)
    return Attempts(policy, given, is_repeatable=is_repeatable, chance=lambda: chance)


def unavailable(retry_after_s=None):
    error = UnavailableError("no")
    error.retry_after_s = retry_after_s
    return error


def test_waits_grow_up_to_the_longest_and_end():
    tried = attempts()
    assert [tried.wait_s(unavailable()) for _ in range(6)] == [1, 2, 3, 3, None, None]


def test_waits_are_spread_between_half_and_whole():
    assert attempts(chance=0.0).wait_s(unavailable()) == 0.5
    assert attempts(chance=0.5).wait_s(unavailable()) == 0.75


@pytest.mark.parametrize(
    "error", [ResourceExhaustedError("full"), DeadlineExceededError("late"), InvalidArgumentError("")]
)
def test_nothing_but_unavailable_is_tried_again(error):
    assert attempts().wait_s(error) is None


def test_what_must_not_happen_twice_is_not_tried_again():
    assert attempts(is_repeatable=False).wait_s(unavailable()) is None


def test_the_servers_time_is_the_least_that_is_waited():
    assert attempts(chance=0.0).wait_s(unavailable(10.0)) == 10
    assert attempts(chance=1.0).wait_s(unavailable(10.0)) == 11
    assert attempts(chance=1.0).wait_s(unavailable(0.1)) == 1


def test_a_server_that_wants_no_other_attempt_gets_none():
    assert attempts().wait_s(unavailable(math.inf)) is None


def test_no_wait_goes_beyond_the_deadline():
    clock = FakeClock()
    tried = attempts(deadline=Deadline.after(1.5, clock))
    assert tried.wait_s(unavailable()) == 1
    assert tried.wait_s(unavailable()) is None


def test_very_many_attempts_do_no_harm():
    policy = RetryPolicy(max_attempts=10**6, initial_wait_s=0.1, max_wait_s=2)
    assert policy.wait_s(10**5, 1.0) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"max_attempts": 0},
        {"initial_wait_s": -1},
        {"initial_wait_s": 9},
        {"max_wait_s": math.inf},
        {"factor": 0.5},
        {"max_wait_s": math.nan},
    ],
)
def test_policies_that_cannot_be_are_refused(fields):
    with pytest.raises(InvalidArgumentError):
        RetryPolicy(**fields)
