import json

import numpy as np
import pytest

from salver.wire.tfrecord import record_bytes
from tests.support.models import HALF_PLUS_TWO, half_plus_two_request
from tests.support.prediction_logs import log_record, predict_record

MODEL = HALF_PLUS_TWO / "1"


@pytest.fixture
def recorded(tmp_path):
    file = tmp_path / "in.tfrecord"
    records = [predict_record(half_plus_two_request(1.5)), b"", predict_record(half_plus_two_request(2.5, 3.5))]
    file.write_bytes(b"".join(map(record_bytes, records)))
    return file


def test_files_are_converted_to_and_fro(run, recorded, tmp_path):
    bodies, arrays, back = tmp_path / "a.json", tmp_path / "a.npz", tmp_path / "a.tfrecord"
    assert run("convert", recorded, bodies)[1] == f"{bodies}: 3 of 3 requests\n"
    assert json.loads(bodies.read_text()) == [{"inputs": {"x": [1.5]}}, {"inputs": {"x": [2.5, 3.5]}}]
    assert run("convert", bodies, arrays, "--model", MODEL)[0] == 0
    assert {name: array.tolist() for name, array in np.load(arrays).items()} == {"0/x": [1.5], "1/x": [2.5, 3.5]}
    assert run("convert", arrays, back, "--model", MODEL)[0] == 0
    _, out, _ = run("show", back, "--json")
    assert [json.loads(line)["inputs"] for line in out.splitlines()] == ["x DT_FLOAT [1]", "x DT_FLOAT [2]"]


def test_requests_to_one_signature_are_taken_out(run, recorded, tmp_path):
    status, _, err = run("convert", recorded, tmp_path / "a.json", "--signature=other")
    assert (status, "in.tfrecord holds no request to other, only to serving_default; nothing was" in err) == (1, True)
    assert not (tmp_path / "a.json").exists()
    assert run("convert", recorded, tmp_path / "b.json", "--signature=serving_default")[1].endswith(
        ": 2 of 3 requests\n"
    )


def test_what_cannot_be_converted_leaves_no_file(run, tmp_path):
    source = tmp_path / "in.tfrecord"
    source.write_bytes(record_bytes(log_record("multi_inference_log", "MultiInferenceLog", "MultiInferenceRequest")))
    status, _, err = run("convert", source, tmp_path / "a.json")
    assert (status, "record 0 of in.tfrecord: a request for several inferences" in err) == (1, True)
    hand_made = tmp_path / "b.json"
    hand_made.write_text('[{"inputs": 1}]')
    status, _, err = run("convert", hand_made, tmp_path / "b.tfrecord")
    assert (status, "b.json: what types" in err, "name it with --model" in err) == (1, True, True)
    for gone in ("gone", "gone.json"):
        status, _, err = run("convert", tmp_path / gone, tmp_path / "b.tfrecord")
        assert (status, "there is no file" in err) == (1, True)
    empty = tmp_path / "empty.tfrecord"
    empty.touch()
    status, _, err = run("convert", empty, tmp_path / "c.json")
    assert (status, "empty.tfrecord holds no request; nothing was written" in err) == (1, True)
    assert {path.name for path in tmp_path.iterdir()} == {"in.tfrecord", "b.json", "empty.tfrecord"}


def test_records_are_shown_and_what_is_wrong_with_one_is(run, tmp_path):
    source = tmp_path / "in.tfrecord"
    named = predict_record(half_plus_two_request(1.5))
    session = log_record("session_run_log", "SessionRunLog", "SessionRunRequest")
    source.write_bytes(b"".join(map(record_bytes, (named, b"", session, b"\xff", named))))
    status, out, _ = run("show", source, "--limit=4")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert status == 0
    assert lines[0] == "5 records"
    assert lines[2].startswith("0 predict serving_default")
    assert lines[3].startswith("1 no request")
    assert lines[4].startswith("2 a session_run_log cannot be replayed")
    assert lines[5].startswith("3 expected a serialized PredictionLog")
    assert lines[-1] == "and 1 more (--limit shows them)"


def test_a_damaged_file_is_told(run, recorded):
    recorded.write_bytes(recorded.read_bytes()[:-1])
    status, _, err = run("show", recorded)
    assert (status, "in.tfrecord: record 2" in err) == (1, True)
