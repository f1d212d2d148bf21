import json

import pytest

from salver.inspection.command import main
from tests.support.models import HALF_PLUS_TWO, MODELS


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        found = capsys.readouterr()
        return status, found.out, found.err

    return run


def test_a_version_is_shown(run):
    status, out, _ = run(HALF_PLUS_TWO / "1")
    words = [line.split() for line in out.splitlines()]
    assert status == 0
    assert ["serving_default", "tensorflow/serving/predict"] in words
    assert ["in", "x", "DT_FLOAT", "[?]", "x:0"] in words
    assert "... (--ops shows all)" in " ".join(out.split())
    _, everything, _ = run(HALF_PLUS_TWO / "1", "--ops")
    assert "SaveV2" in everything


def test_one_signature_is_shown(run):
    _, out, _ = run(HALF_PLUS_TWO / "1", "--signature=regress_x_to_y", "--json")
    (graph,) = json.loads(out)["graphs"]
    assert list(graph["signatures"]) == ["regress_x_to_y"]
    status, _, err = run(HALF_PLUS_TWO / "1", "--signature=x")
    assert status == 1
    assert "there is no signature x; there are serving_default, classify_x_to_y" in err


def test_a_base_path_is_shown(run):
    status, out, _ = run(HALF_PLUS_TWO)
    assert (status, "latest 1 (the default), all, specific 1" in out) == (0, True)
    status, _, err = run(HALF_PLUS_TWO, "--signature=x")
    assert (status, "base path with the versions 1" in err) == (1, True)


def test_what_is_no_model_ends_with_one_line(run):
    status, out, err = run(MODELS)
    assert (status, out, err.count("\n")) == (1, "", 1)


def test_names_with_brackets_are_shown_as_they_are(run, tmp_path):
    (tmp_path / "servable.py").write_text("def load(directory): ...\n")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "[bold]x").write_text("")
    assert "[bold]x" in run(tmp_path)[1]


def test_operations_of_no_installed_library_are_named(run):
    pytest.importorskip("tensorflow")
    _, out, _ = run(MODELS / "custom_op" / "1", "--check-ops")
    assert "need a library of their own: SalverSubtract" in out
    assert "has all of them" in run(HALF_PLUS_TWO / "1", "--check-ops")[1]


def test_a_model_of_the_wanted_kind_that_is_not_there_is_said_to_be_missing(run):
    status, _, err = run(HALF_PLUS_TWO / "1", "--tflite")
    assert (status, err) == (1, f"Error: {HALF_PLUS_TWO / '1'} holds no TFLite model\n")


def test_a_table_that_is_no_object_is_named(run, tmp_path):
    (tmp_path / "table.json").write_text("[1, 2]")
    status, _, err = run(tmp_path)
    assert (status, "table.json is no JSON object" in err) == (1, True)
