import json
from dataclasses import asdict

import pytest

from salver.admin.replay import Failure, LatencyQuantiles, ReplayReport
from salver.wire.tfrecord import record_bytes

RECORD = "/v1/models/ranker:record"


def recording(num=2, end="records", dropped=0):
    headers = {"X-Salver-Records": str(num), "X-Salver-Dropped": str(dropped), "X-Salver-End": end}
    return 200, headers, record_bytes(b"") * num


def report(*failed, num_failed=None):
    failures = tuple(Failure(index=index, code="INTERNAL", message="[x]") for index in failed)
    latency = LatencyQuantiles(p50=0.001, p90=0.002, p99=0.003, max=0.004)
    made = ReplayReport(
        num_records=5,
        num_failed=len(failed) if num_failed is None else num_failed,
        num_empty=0,
        failures=failures,
        latency_s=latency,
        elapsed_s=1.0,
    )
    return 200, {}, json.dumps(asdict(made)).encode()


def path(version, concurrency=1, timeout_s=60.0):
    return f"/v1/models/ranker/versions/{version}:replay?concurrency={concurrency}&timeout_s={timeout_s}"


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "r.tfrecord"
    made.write_bytes(record_bytes(b"") * 5)
    return made


def test_what_was_recorded_is_written(run, server, tmp_path):
    server.answers[RECORD] = recording(end="time", dropped=3)
    file = tmp_path / "new" / "r.tfrecord"
    status, out, err = run("record", "ranker", "-o", file, "--max-records=7", "--duration=2", "--sampling-rate=0.5")
    assert (status, out) == (0, f"{file}: 2 requests (its time was over)\n")
    assert "3 others came faster" in err
    assert file.read_bytes() == record_bytes(b"") * 2
    ((_, body),) = server.posted
    assert json.loads(body) == {"max_records": 7, "max_bytes": 64 << 20, "timeout_s": 2.0, "sampling_rate": 0.5}


def test_nothing_recorded_is_no_file(run, server, tmp_path):
    server.answers[RECORD] = recording(0, "time")
    status, _, err = run("record", "ranker", "-o", tmp_path / "r.tfrecord")
    assert (status, "no request to ranker was answered within 60 s" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_recording_that_the_end_of_the_server_ends_says_so(run, server, tmp_path):
    server.answers[RECORD] = recording(0, "stop")
    status, _, err = run("record", "ranker", "-o", tmp_path / "r.tfrecord")
    assert (status, "no request to ranker was answered before the server stopped it" in err) == (1, True)


def test_nothing_is_recorded_for_a_file_that_cannot_be_written(run, server, file, tmp_path, monkeypatch):
    status, _, err = run("record", "ranker", "-o", file / "new" / "r.tfrecord")
    assert (status, f"{file} is no folder" in err) == (1, True)
    monkeypatch.setattr("os.access", lambda path, _: str(path) != str(tmp_path))
    status, _, err = run("record", "ranker", "-o", tmp_path / "new" / "r.tfrecord")
    assert (status, f"{tmp_path} may not be written to" in err) == (1, True)
    assert server.posted == []


def test_a_file_that_is_there_is_not_replaced_and_nothing_recorded_in_vain(run, server, file):
    assert run("record", "ranker", "-o", file)[0] == 1
    assert server.posted == []


def test_refusals_of_the_server_are_told(run, server, tmp_path):
    refusal = json.dumps({"error": "There is no model ranker; did you mean rank?", "code": "NOT_FOUND"}).encode()
    server.answers[RECORD] = (404, {}, refusal)
    status, _, err = run("record", "ranker", "-o", tmp_path / "r")
    assert (status, "did you mean rank?" in err) == (1, True)
    server.answers[RECORD] = (200, {}, b"")
    server.answers[RECORD] = (502, {}, b"<html>")
    assert "is no admin listener" in run("record", "ranker", "-o", tmp_path / "r")[2]


def test_a_replay_is_shown(run, server, file):
    server.answers[path(8, 4, 2.5)] = report()
    status, out, _ = run("replay", file, "ranker", "--version=8", "--concurrency=4", "--timeout=2.5")
    assert status == 0
    assert " ".join(out.splitlines()[1].split()) == "ranker version 8 5 0 1 ms 2 ms 3 ms 4 ms"
    assert server.posted == [(path(8, 4, 2.5), file.read_bytes())]


def test_failures_are_told(run, server, file):
    server.answers[path(8)] = report(3)
    status, out, err = run("replay", file, "ranker", "--version=8")
    assert (status, "version 8: record 3: INTERNAL: [x]" in out) == (1, True)
    assert "version 8 of ranker fails record 3" in err


def test_what_the_other_version_fails_too_is_not_held_against_the_new_one(run, server, file):
    server.answers |= {path(7): report(1, 3), path(8): report(3)}
    status, out, _ = run("replay", file, "ranker", "--version=8", "--against=7", "--json")
    assert status == 0
    assert {version: each["num_failed"] for version, each in json.loads(out).items()} == {"7": 2, "8": 1}
    server.answers[path(8)] = report(2, 3, 4)
    status, _, err = run("replay", file, "ranker", "--version=8", "--against=7")
    assert (status, "fails 2 records" in err) == (1, True)


def test_more_failures_than_are_told_are_counted(run, server, file):
    server.answers[path(8)] = report(*range(12), num_failed=500)
    status, out, err = run("replay", file, "ranker", "--version=8")
    assert (status, "fails 500 records" in err, "and 2 more" in out) == (1, True, True)


def test_a_damaged_file_is_not_sent(run, server, file):
    file.write_bytes(b"nothing")
    status, _, err = run("replay", file, "ranker", "--version=8")
    assert (status, "r.tfrecord: record 0" in err) == (1, True)
    assert server.posted == []


def test_a_file_without_records_proves_nothing(run, server, tmp_path):
    empty = tmp_path / "empty.tfrecord"
    empty.touch()
    status, _, err = run("replay", empty, "ranker", "--version=8")
    assert (status, "empty.tfrecord holds no records" in err, server.posted) == (1, True, [])


@pytest.mark.parametrize("name", ["gone.json", "gone.tfrecord"])
def test_a_file_that_is_missing_is_said_to_be(run, server, tmp_path, name):
    status, _, err = run("replay", tmp_path / name, "ranker", "--version=8")
    assert (status, f"{name} cannot be read: No such file" in err, server.posted) == (1, True, [])


def test_files_that_a_server_does_not_replay_are_named_with_the_way_out(run, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").touch()
    status, _, err = run("replay", "r.json", "ranker", "--version=2")
    assert (status, server.posted) == (1, [])
    assert "r.json is no TFRecord file; `salver warmup convert --model ranker` makes one of it" in " ".join(err.split())
