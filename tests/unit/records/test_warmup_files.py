import json

import numpy as np
import pytest

from salver.boundary import Signature, TensorInfo
from salver.errors import DataLossError, InvalidArgumentError
from salver.records import warmup_files
from salver.records.request_form import RequestForm
from salver.records.warmup_files import files_of_operator, files_of_version, read_tfrecords, tfrecord_path
from tests.support.prediction_logs import predict_record, write_warmup_data

FORMS = {name: RequestForm(Signature(name, "", (TensorInfo("x", 1, None),), ())) for name in ("serving_default", "a_b")}


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "assets.extra"
    made.mkdir()
    return made


def where(files):
    return [record.where for file in files for record in file.records(lambda: FORMS)]


def test_the_file_lies_where_the_reference_has_it(tmp_path):
    file = write_warmup_data(tmp_path, [predict_record(b""), b""])
    assert tfrecord_path(str(tmp_path)) == str(file)
    assert list(read_tfrecords(str(file))) == [predict_record(b""), b""]


def test_all_files_of_a_version_are_read_in_order(tmp_path, folder):
    write_warmup_data(tmp_path, [predict_record(b""), b""])
    (folder / "warmup.json").write_text(json.dumps([{"inputs": 1}, {"inputs": 2}]))
    np.savez(folder / "warmup.npz", x=np.zeros(2))
    np.savez(folder / "warmup_a_b.npz", x=np.zeros(2))
    (folder / "warmup_notes.txt").write_text("")
    np.savez(folder / "warmups.npz", x=np.zeros(2))
    assert where(files_of_version(str(tmp_path))) == [
        "record 0: ",
        "record 1: ",
        "request 0 of warmup.json: ",
        "request 1 of warmup.json: ",
        "request 0 of warmup.npz: ",
        "request 0 of warmup_a_b.npz: ",
    ]


def test_without_files_there_is_nothing(tmp_path):
    assert files_of_version(str(tmp_path)) == []
    assert files_of_operator(str(tmp_path), "m") == []


def test_signatures_are_only_asked_for_where_they_are_needed(tmp_path):
    write_warmup_data(tmp_path, [b""])
    (file,) = files_of_version(str(tmp_path))
    assert len(list(file.records(lambda: pytest.fail("asked")))) == 1


@pytest.mark.parametrize("model", ["m", "../m", "a/b", "100%"])
def test_the_operators_files_are_found_by_the_name_of_the_model_alone(tmp_path, model):
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "m.json").write_text("[]")
    name = {"m": "m", "../m": "..%2Fm", "a/b": "a%2Fb", "100%": "100%25"}[model]
    (inside / f"{name}.json").write_text("[]")
    assert [file.path for file in files_of_operator(str(inside), model)] == [str(inside / f"{name}.json")]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("tf_serving_warmup_requests", b"nothing", DataLossError, "record 0: .*TFRecord"),
        ("warmup.json", b"nothing", InvalidArgumentError, ": warmup.json: no JSON"),
        ("warmup.json", b'[{"inputs": 1}, {"input": 1}]', InvalidArgumentError, ": request 1 of warmup.json: .*no key"),
        ("warmup.npz", b"nothing", DataLossError, ": request 0 of warmup.npz: .*no NPZ"),
        ("warmup_c.npz", b"nothing", InvalidArgumentError, ": warmup_c.npz: there is no signature c; the model has"),
    ],
)
def test_what_is_wrong_names_file_and_request_and_no_path(tmp_path, folder, name, content, error, message):
    (folder / name).write_bytes(content)
    with pytest.raises(error, match=message) as raised:
        where(files_of_version(str(tmp_path)))
    assert str(tmp_path) not in raised.value.message


def test_a_damaged_tfrecord_file_of_the_operator_is_named(tmp_path):
    (tmp_path / "m.tfrecord").write_bytes(b"nothing")
    with pytest.raises(DataLossError, match=r": m\.tfrecord: record 0"):
        where(files_of_operator(str(tmp_path), "m"))


def test_a_json_file_is_bounded(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(warmup_files, "MAX_JSON_BYTES", 10)
    (folder / "warmup.json").write_text("[" + " " * 10 + "]")
    with pytest.raises(InvalidArgumentError, match="more than 10 bytes"):
        where(files_of_version(str(tmp_path)))
