import logging
import threading

import pytest

from salver.core.retry import Backoff, RetryOptions, retry
from salver.errors import CancelledError, InvalidArgumentError, UnimplementedError, UnknownError
from salver.testing.fake_clock import FakeClock


class Attempts:
    """Fails a number of times, then returns how often it was called."""

    def __init__(self, num_failures: int, error: Exception | None = None) -> None:
        self.num_calls = 0
        self._num_failures = num_failures
        self._error = error or UnknownError("failed")

    def __call__(self) -> int:
        self.num_calls += 1
        if self.num_calls <= self._num_failures:
            raise self._error
        return self.num_calls


def options(clock: FakeClock, **kwargs) -> RetryOptions:
    return RetryOptions(wait=clock.wait, **kwargs)


def test_succeeds_on_a_later_try_after_equal_pauses():
    clock = FakeClock()
    assert retry("Work", Attempts(2), options(clock, max_num_retries=5), threading.Event()) == 3
    assert clock.waits_s == [60.0, 60.0]


def test_fails_with_the_last_error_after_one_try_more_than_retries():
    attempts = Attempts(99)
    with pytest.raises(UnknownError, match="failed"):
        retry("Work", attempts, options(FakeClock(), max_num_retries=2), threading.Event())
    assert attempts.num_calls == 3


def test_first_attempt_happens_also_when_cancelled():
    cancelled = threading.Event()
    cancelled.set()
    attempts = Attempts(99)
    with pytest.raises(UnknownError):
        retry("Work", attempts, options(FakeClock(), max_num_retries=2), cancelled)
    assert attempts.num_calls == 1
    assert retry("Work", Attempts(0), options(FakeClock()), cancelled) == 1


def test_predicate_ends_the_tries():
    attempts = Attempts(99, UnimplementedError("no"))
    retry_options = options(FakeClock(), should_retry=lambda error: not isinstance(error, UnimplementedError))
    with pytest.raises(UnimplementedError):
        retry("Work", attempts, retry_options, threading.Event())
    assert attempts.num_calls == 1


def test_foreign_errors_are_made_known_ones():
    with pytest.raises(UnknownError, match="ValueError: odd"):
        retry("Work", Attempts(9, ValueError("odd")), options(FakeClock(), max_num_retries=0), threading.Event())


def test_a_cancel_during_the_pause_ends_it_at_once_without_another_attempt():
    cancelled = threading.Event()
    is_pausing = threading.Event()

    def wait(event: threading.Event, timeout_s: float) -> bool:
        is_pausing.set()
        return event.wait(timeout_s)

    attempts = Attempts(99)
    errors: list[Exception] = []

    def work() -> None:
        try:
            retry("Work", attempts, RetryOptions(backoff=Backoff(interval_s=3600), wait=wait), cancelled)
        except UnknownError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert is_pausing.wait(10)
    cancelled.set()
    thread.join(10)
    assert not thread.is_alive()
    assert errors == [UnknownError("failed")]
    assert attempts.num_calls == 1


def test_no_pause_without_interval():
    clock = FakeClock()
    retry("Work", Attempts(3), options(clock, backoff=Backoff(interval_s=0)), threading.Event())
    assert clock.waits_s == []


def test_pauses_grow_up_to_the_longest():
    clock = FakeClock()
    backoff = Backoff(interval_s=1, multiplier=3, max_interval_s=10)
    retry("Work", Attempts(4), options(clock, backoff=backoff), threading.Event())
    assert clock.waits_s == [1, 3, 9, 10]


def test_backoff_stays_finite_after_very_many_failures():
    assert Backoff(interval_s=1.0, multiplier=2.0, max_interval_s=60).delay_s(100_000) == 60


def test_logs_failures_retries_and_exhaustion(caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(InvalidArgumentError):
        retry(
            "Loading x",
            Attempts(9, InvalidArgumentError("bad")),
            options(FakeClock(), max_num_retries=1),
            threading.Event(),
        )
    assert [record.getMessage() for record in caplog.records] == [
        "Loading x failed: INVALID_ARGUMENT: bad",
        "Retrying of Loading x retry: 1",
        "Loading x failed: INVALID_ARGUMENT: bad",
        "Loading x exhausted max_num_retries",
    ]


def test_an_attempt_that_was_given_up_is_no_error_in_the_log(caplog):
    caplog.set_level(logging.INFO)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        retry("Loading x", Attempts(9, CancelledError("no longer wanted")), options(FakeClock()), cancelled)
    assert caplog.messages[0] == "Loading x failed: CANCELLED: no longer wanted"
    assert {record.levelno for record in caplog.records} == {logging.INFO}


def test_a_last_try_that_succeeds_is_not_called_exhausted(caplog):
    caplog.set_level(logging.INFO)
    retry("Loading x", Attempts(1), options(FakeClock(), max_num_retries=1), threading.Event())
    assert "exhausted" not in caplog.text


def test_only_foreign_errors_are_logged_with_their_traceback(caplog):
    for error, has_traceback in [(ValueError("odd"), True), (UnknownError("known"), False)]:
        caplog.clear()
        with pytest.raises(UnknownError):
            retry("Work", Attempts(9, error), options(FakeClock(), max_num_retries=0), threading.Event())
        assert bool(caplog.records[0].exc_info) is has_traceback
        # With a traceback the formatter adds the error's text: it must not be there twice.
        assert (str(error) in caplog.records[0].getMessage()) is not has_traceback
