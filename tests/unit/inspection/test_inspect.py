import os
import shutil

import numpy as np
import pytest

from salver.errors import SalverError
from salver.inspection.inspect import inspect
from salver.inspection.report import BasePathReport, VersionReport
from salver.inspection.version import Depth
from tests.support.models import HALF_PLUS_TWO, MODELS, PYTHON_MODELS

CODE = """
import os
from numpy import float32
import salver

open(os.environ["LOADED"], "w").close()

def load(directory):
    x = {"x": salver.TensorSpec(float32, [None])}
    return salver.CallableServable(lambda inputs: inputs, inputs=x, outputs=x)
"""


def look(path, **depth):
    return inspect(str(path), Depth(**depth))


@pytest.fixture
def version(tmp_path):
    shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "1")
    return tmp_path / "1"


def test_a_version_is_told_with_its_files(version):
    (version / "assets").mkdir()
    (version / "assets" / "words.txt").write_text("one\n")
    extra = version / "assets.extra"
    extra.mkdir()
    (extra / "warmup.json").write_text('[{"instances": [1, 2]}, {"instances": ["a"]}]')
    np.savez(extra / "warmup.npz", x=np.zeros(3))
    report = look(version)
    assert isinstance(report, VersionReport)
    assert (report.format, report.platform) == ("SavedModel", "tensorflow")
    assert report.variables_bytes > 0
    assert [(asset.name, asset.num_bytes) for asset in report.assets] == [("words.txt", 4)]
    json_file, npz_file = report.warmup
    assert (json_file.name, json_file.num_records) == ("warmup.json", 1)
    assert "request 1 of warmup.json: input x" in json_file.problem
    assert (npz_file.name, npz_file.num_records, npz_file.problem) == ("warmup.npz", 1, None)


def test_the_file_of_a_model_stands_for_its_directory(version):
    assert look(version / "saved_model.pb") == look(version)


def test_a_tflite_model_beside_a_saved_model_is_told():
    both = MODELS / "tflite_or_saved_model" / "1"
    assert "--prefer_tflite_model" in look(both).notes[0]
    assert look(both / "model.tflite").format == "TFLite"


def test_python_is_not_run_unless_that_is_wanted(tmp_path, monkeypatch):
    (tmp_path / "servable.py").write_text(CODE)
    loaded = tmp_path / "loaded"
    monkeypatch.setenv("LOADED", str(loaded))
    report = look(tmp_path)
    assert not loaded.exists()
    assert report.notes[0] == "imports numpy, os, salver"
    assert "--load" in report.notes[1]
    (graph,) = look(tmp_path, runs_code=True).graphs
    assert loaded.exists()
    assert graph.signatures["serving_default"].inputs["x"].dtype == "DT_FLOAT"


def test_python_that_cannot_be_served_is_told(tmp_path):
    (tmp_path / "servable.py").write_text("x = 1\n")
    assert "defines no function load" in look(tmp_path).notes[0]
    (tmp_path / "servable.py").write_text("def load(:\n")
    with pytest.raises(SalverError, match="is no Python"):
        look(tmp_path)
    (tmp_path / "servable.py").write_text("def load(directory): raise ValueError('no weights')\n")
    with pytest.raises(SalverError, match="no weights"):
        look(tmp_path, runs_code=True)


def test_every_format_of_the_server_is_known(tmp_path):
    from salver.servables.loaders import BUILT_IN

    (tmp_path / "table.json").write_text('{"a": "b"}')
    found = [
        look(HALF_PLUS_TWO / "1"),
        look(MODELS / "tflite_half_plus_two" / "1"),
        look(PYTHON_MODELS / "slow" / "1"),
        look(tmp_path),
    ]
    assert {report.platform for report in found} == set(BUILT_IN)
    assert found[-1].notes == ("1 keys",)


def test_a_base_path_is_told_with_what_each_policy_serves(tmp_path):
    for name in ("1", "007", "7", "12", "20"):
        shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / name)
        for folder, _, names in os.walk(tmp_path / name):
            for each in (".", *names):
                os.utime(os.path.join(folder, each), (0, 0))
    (tmp_path / "20" / "fresh").write_text("")
    (tmp_path / "tmp-21").mkdir()
    (tmp_path / "13").mkdir()
    report = inspect_at(tmp_path, 1e10)
    assert [line.version for line in report.versions] == [20, 13, 12, 7, 1]
    assert report.passed_over == ("007", "tmp-21")
    assert [line.format for line in report.versions] == ["SavedModel", None, *["SavedModel"] * 3]
    # All but the empty one are old by now; a moment after its last file, 20 may still be written.
    assert [line.served_by[:1] for line in report.versions] == [
        ("latest 1 (the default)",),
        (),
        ("latest 2 and more",),
        ("latest 3 and more",),
        ("latest 4 and more",),
    ]
    fresh = inspect_at(tmp_path, os.stat(tmp_path / "20" / "fresh").st_ctime)
    assert not fresh.versions[0].is_settled
    assert isinstance(look(tmp_path), BasePathReport)


def inspect_at(path, now_s):
    from salver.inspection.base_path import inspect_base_path

    return inspect_base_path(str(path), now_s)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "it is empty, so it may still be written"),
        (["a", "b"], "none of saved_model.pb, .* found a, b"),
        (["variables/x"], "found variables: a SavedModel whose export is not finished"),
        (["m.keras"], r"m\.keras looks like a Keras file: export it with model\.export"),
        (["model.onnx"], "looks like an ONNX model"),
        (["export.meta"], "session bundle"),
        (["ranker/1/saved_model.pb", "b"], "there are models in ranker"),
        ([f"f{number:02}" for number in range(12)], "f07 and 4 more"),
    ],
)
def test_where_there_is_no_model_it_says_what_was_expected_and_what_is_there(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    with pytest.raises(SalverError, match=message):
        look(tmp_path)


def test_paths_that_are_none_are_told(tmp_path):
    with pytest.raises(SalverError, match="there is no"):
        look(tmp_path / "gone")
    (tmp_path / "m.onnx").write_text("")
    with pytest.raises(SalverError, match="is a file: it looks like an ONNX model"):
        look(tmp_path / "m.onnx")


def test_a_half_written_version_is_told(version):
    os.unlink(version / "variables" / "variables.index")
    assert "not finished" in look(version).notes[0]
    (version / "saved_model.pb").write_bytes(b"")
    with pytest.raises(SalverError, match="may still be written"):
        look(version)
