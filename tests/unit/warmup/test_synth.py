import pytest

from salver.records.recorded_request import request_message
from salver.records.tensors import tensor_array
from salver.wire.tfrecord import read_records
from tests.support.models import HALF_PLUS_TWO, MODELS

VERSION = {
    "version": 7,
    "state": "AVAILABLE",
    "since": "",
    "signatures": {
        "serving_default": {
            "method": "tensorflow/serving/predict",
            "inputs": {
                "ids": {"dtype": "DT_INT64", "shape": [-1, -1]},
                "vector": {"dtype": "DT_FLOAT", "shape": [-1, 3]},
                "fixed": {"dtype": "DT_FLOAT", "shape": [2, 2]},
                "text": {"dtype": "DT_STRING", "shape": None},
                "one": {"dtype": "DT_BOOL", "shape": []},
            },
            "outputs": {},
        },
        "scores": {
            "method": "tensorflow/serving/classify",
            "inputs": {"inputs": {"dtype": "DT_STRING"}},
            "outputs": {},
        },
        "odd": {
            "method": "tensorflow/serving/predict",
            "inputs": {"x": {"dtype": "DT_BFLOAT16", "shape": [-1]}},
            "outputs": {},
        },
    },
}


@pytest.fixture
def ranker(server):
    model = {
        "name": "ranker",
        "base_path": "",
        "source": "config",
        "status": "AVAILABLE",
        "versions": [{**VERSION, "version": number} for number in (6, 7)],
    }
    server.documents = {"/v1/models/ranker": model, "/v1/models/ranker/versions/7": VERSION}
    return server


def shapes(path):
    with open(path, "rb") as stream:
        for record in read_records(stream):
            api, request = request_message(record)
            yield api, {name: tensor_array(tensor).shape for name, tensor in request.inputs.items()}


def test_a_model_of_a_server_gets_requests_of_all_sizes(run, ranker, tmp_path):
    file = tmp_path / "made.tfrecord"
    arguments = ("--rows=1,8", "--length=4,5", "--signature=serving_default", "-o", file)
    status, out, _ = run("synth", "ranker", *arguments)
    assert (status, out) == (0, f"{file}: 4 requests to serving_default\n")
    assert list(shapes(file)) == [
        ("predict", {"ids": (rows, length), "vector": (rows, 3), "fixed": (2, 2), "text": (rows,), "one": ()})
        for rows in (1, 8)
        for length in (4, 5)
    ]


def test_a_directory_gets_its_file_and_none_is_replaced_by_accident(run, tmp_path):
    import shutil

    shutil.copytree(HALF_PLUS_TWO / "1", tmp_path / "1")
    status, out, err = run("synth", tmp_path / "1", "--rows=1,2,2")
    file = tmp_path / "1" / "assets.extra" / "tf_serving_warmup_requests"
    assert (status, out) == (0, f"{file}: 2 requests to serving_default\n")
    assert "classify_x_to_y: passed over" in err
    assert [found["x"] for _, found in shapes(file)] == [(1,), (2,)]
    status, _, err = run("synth", tmp_path / "1")
    assert (status, "is there already; --force replaces it" in err) == (1, True)
    assert run("synth", tmp_path / "1", "--force")[0] == 0
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_signatures_with_examples_get_them_where_they_are_named(run, ranker, tmp_path):
    file = tmp_path / "made.tfrecord"
    assert run("synth", "ranker", "--signature=scores", "--rows=3", "-o", file)[0] == 0
    with file.open("rb") as stream:
        ((api, request),) = [request_message(record) for record in read_records(stream)]
    assert (api, len(request.input.example_list.examples), request.model_spec.signature_name) == (
        "classify",
        3,
        "scores",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("ranker",), 2, "there is no directory ranker; for a model of a server"),
        (("ranker", "-o", "x", "--rows=0"), 2, "numbers above 0"),
        (("ranker", "-o", "x", "--length=a"), 2, "numbers above 0"),
        (("ranker", "-o", "x", "--signature=socres"), 1, "there is no signature socres; the model has"),
        (("ranker", "-o", "x", "--signature=odd"), 1, "input x of odd cannot be made up"),
        (("tagger", "-o", "x"), 1, "no /v1/models/tagger"),
        ((MODELS / "gone",), 1, "there is no"),
        ((HALF_PLUS_TWO,), 1, "is a base path: name one of its versions (1)"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(run, ranker, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    found, _, err = run("synth", *arguments)
    assert found == status
    assert message in err
    assert list(tmp_path.iterdir()) == []
