import pytest

from salver.admin.recording import RecordRequest
from salver.boundary import LogEntries, LogEntry
from salver.errors import DeadlineExceededError, ResourceExhaustedError
from salver.server.admin.recording_answer import MAX_SEND_S, RecordingAnswer
from salver.server.http_response import HttpResponse, StreamedResponse
from salver.server.recordings import MAX_RECORDINGS, MAX_TOTAL_BYTES, Recordings
from salver.server.shared_request_log import SharedRequestLog
from salver.testing.fake_calls import FakeAnswerStream
from salver.testing.fake_clock import FakeClock
from salver.testing.fake_dataplane import FakeDataPlane

MOST = RecordRequest(max_bytes=MAX_TOTAL_BYTES // 2)


class Bench:
    """Recordings with one record each."""

    def __init__(self, record):
        self.plane = FakeDataPlane()
        self.log = SharedRequestLog(self.plane)
        self.record = record
        self.recordings = Recordings(self.log, start_pulling=lambda: None, clock=FakeClock())

    def made(self, *, is_wanted=True, max_records=1):
        wanted = RecordRequest(max_records=max_records)
        return self.recordings.record("m", wanted, lambda: is_wanted, on_begun=self._send_request)

    def _send_request(self):
        number = self.plane.log_rules["m"].logger
        self.plane.submit_log_entries(LogEntries([LogEntry("m", number, self.record)], {}))
        self.log.next_log_entries(0)

    def has_all_memory(self):
        try:
            self.recordings.release(self.recordings.record("m", MOST, lambda: False))
        except ResourceExhaustedError:
            return False
        return True


class WatchedStream(FakeAnswerStream):
    """Asks something whenever it is given a piece."""

    def __init__(self, ask):
        super().__init__()
        self.answers = []
        self._ask = ask

    def send(self, piece, timeout_s=0.0):
        self.answers.append(self._ask())
        return super().send(piece, timeout_s)


def streamed(answer):
    response = answer.response()
    assert isinstance(response, StreamedResponse)
    return response


def test_it_is_sent_whole_in_pieces_and_its_length_goes_ahead():
    bench = Bench(b"x" * 200_000)
    made = bench.made()
    content = made.content()
    response = streamed(RecordingAnswer(bench.recordings, made))
    headers = dict(response.headers)
    assert headers.pop("content-length") == str(len(content))
    assert headers == {
        "content-type": "application/octet-stream",
        "x-salver-records": "1",
        "x-salver-dropped": "0",
        "x-salver-end": "records",
    }
    stream = FakeAnswerStream()
    response.send(stream)
    assert (b"".join(stream.pieces), stream.is_open, stream.error) == (content, False, None)
    assert len(stream.pieces) == 4


def test_its_memory_counts_until_the_last_piece_is_taken():
    bench = Bench(b"x" * 200_000)
    stream = WatchedStream(bench.has_all_memory)
    response = streamed(RecordingAnswer(bench.recordings, bench.made()))
    assert not bench.has_all_memory()
    response.send(stream)
    assert stream.answers == [False] * 4
    assert bench.has_all_memory()


def test_slow_readers_are_as_many_as_recordings_may_be():
    bench = Bench(b"x")
    answers = [streamed(RecordingAnswer(bench.recordings, bench.made())) for _ in range(MAX_RECORDINGS)]
    with pytest.raises(ResourceExhaustedError, match="being made or sent"):
        bench.made()
    answers[0].send(FakeAnswerStream())
    bench.made()


def test_client_that_has_gone_frees_it():
    bench = Bench(b"x")
    stream = FakeAnswerStream()
    stream.end()
    with pytest.raises(DeadlineExceededError):
        streamed(RecordingAnswer(bench.recordings, bench.made())).send(stream)
    assert bench.has_all_memory()


def test_client_that_is_too_slow_in_all_is_given_up():
    bench, clock = Bench(b"x" * 200_000), FakeClock()
    waits = []

    class SlowStream(FakeAnswerStream):
        def send(self, piece, timeout_s=0.0):
            waits.append(timeout_s)
            clock.advance(min(timeout_s, 0.4 * MAX_SEND_S))
            return timeout_s > 0 and super().send(piece, timeout_s)

    with pytest.raises(DeadlineExceededError, match="not read within 600 s"):
        streamed(RecordingAnswer(bench.recordings, bench.made(), clock)).send(SlowStream())
    assert waits == pytest.approx([600.0, 360.0, 120.0, 0.0])
    assert bench.has_all_memory()


def test_what_the_end_of_the_server_ends_is_answered_whole():
    bench = Bench(b"x")
    made = bench.made(is_wanted=False, max_records=2)
    response = RecordingAnswer(bench.recordings, made).response()
    assert isinstance(response, HttpResponse)
    assert (response.body, dict(response.headers)["x-salver-end"]) == (made.content(), "stop")
    assert bench.has_all_memory()
