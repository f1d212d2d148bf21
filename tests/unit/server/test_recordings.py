import io
import threading
from contextlib import contextmanager

import pytest

from salver.admin.recording import MAX_BYTES, RecordRequest
from salver.boundary import LogEntries, LogEntry
from salver.errors import InternalError, ResourceExhaustedError
from salver.server.recordings import MAX_RECORDINGS, MAX_TOTAL_BYTES, End, Recordings
from salver.server.shared_request_log import SharedRequestLog
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_dataplane import FakeDataPlane
from salver.wire.tfrecord import read_records

LIMIT_S = 20


class Bench:
    """Recordings whose requests come once they are begun."""

    def __init__(self, *records, is_stopping=lambda: False):
        self.plane = FakeDataPlane()
        self.log = SharedRequestLog(self.plane)
        self.records = records
        self.num_starts = 0
        self.started = threading.Semaphore(0)
        self.recordings = Recordings(
            self.log, start_pulling=self._start, is_stopping=is_stopping, clock=FakeClock().__call__
        )

    def _start(self):
        self.num_starts += 1
        self.started.release()

    def record(self, is_wanted=lambda: True, **wanted):
        return self.recordings.record("m", RecordRequest(**wanted), self._after_requests(is_wanted))

    def _after_requests(self, is_wanted):
        """Asked first once the recording listens: the moment for requests to come."""
        left = [True]

        def asked():
            if left.pop() if left else False:
                number = self.plane.log_rules["m"].logger
                self.plane.submit_log_entries(
                    LogEntries([LogEntry("m", number, record) for record in self.records], {"m": 3})
                )
                self.log.next_log_entries(0)
            return is_wanted()

        return asked


def content(recording):
    return list(read_records(io.BytesIO(recording.content())))


def test_it_ends_with_as_many_as_are_wanted():
    bench = Bench(b"a", b"b", b"c")
    made = bench.record(max_records=2)
    assert (content(made), made.num_records, made.num_dropped, made.end) == ([b"a", b"b"], 2, 3, End.RECORDS)
    assert (bench.num_starts, bench.plane.log_rules) == (1, {})


def test_it_never_has_more_bytes_than_are_wanted():
    made = Bench(b"a" * 50, b"b" * 50).record(max_bytes=100)
    assert (content(made), made.end) == ([b"a" * 50], End.BYTES)
    assert len(made.content()) <= 100


def test_its_time_ends_it():
    made = Bench(b"a").record(timeout_s=0)
    assert (content(made), made.end) == ([b"a"], End.TIME)


def test_nobody_who_waits_ends_it():
    bench = Bench(b"a")
    made = bench.record(is_wanted=lambda: False)
    assert (made.end, bench.plane.log_rules) == (End.STOP, {})


def test_the_end_of_the_server_ends_it_with_what_there_is():
    made = Bench(b"a", is_stopping=lambda: True).record()
    assert (content(made), made.end) == ([b"a"], End.STOP)


def make_and_release(bench, request, is_wanted=lambda: False):
    bench.recordings.release(bench.recordings.record("m", request, is_wanted))


@contextmanager
def being_made(bench, *requests):
    release = threading.Event()
    threads = [
        threading.Thread(target=make_and_release, args=(bench, request, lambda: not release.is_set()))
        for request in requests
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert bench.started.acquire(timeout=LIMIT_S)
    yield
    release.set()
    for thread in threads:
        thread.join(LIMIT_S)


def test_there_are_few_at_a_time():
    bench = Bench()
    with (
        being_made(bench, *[RecordRequest()] * MAX_RECORDINGS),
        pytest.raises(ResourceExhaustedError, match="recordings are being made"),
    ):
        bench.recordings.record("m", RecordRequest(max_bytes=1), lambda: True)
    make_and_release(bench, RecordRequest())


def test_together_they_take_a_bounded_number_of_bytes():
    bench = Bench()
    most = MAX_TOTAL_BYTES // 2
    assert most >= MAX_BYTES
    with being_made(bench, RecordRequest(max_bytes=100 << 20)):
        left = most - (100 << 20)
        with pytest.raises(ResourceExhaustedError, match=f"max_bytes may be {left} while .*, got {left + 1};"):
            bench.recordings.record("m", RecordRequest(max_bytes=left + 1), lambda: True)
        make_and_release(bench, RecordRequest(max_bytes=left))
    make_and_release(bench, RecordRequest(max_bytes=most))


def test_what_is_made_counts_with_its_size_until_it_is_released():
    bench = Bench(b"a" * 1000)
    made = bench.record(max_records=1)
    size = len(made.content())
    left = (MAX_TOTAL_BYTES - size) // 2
    with pytest.raises(ResourceExhaustedError, match=f"max_bytes may be {left} while .* made or sent"):
        bench.recordings.record("m", RecordRequest(max_bytes=left + 1), lambda: True)
    make_and_release(bench, RecordRequest(max_bytes=left))
    bench.recordings.release(made)
    bench.recordings.release(made)
    make_and_release(bench, RecordRequest(max_bytes=MAX_TOTAL_BYTES // 2))


def test_recording_that_fails_counts_no_more():
    bench = Bench()

    def fail():
        raise InternalError("it cannot begin")

    for _ in range(MAX_RECORDINGS + 1):
        with pytest.raises(InternalError):
            bench.recordings.record("m", RecordRequest(), lambda: True, on_begun=fail)
