import pytest

from salver.errors import SalverError
from salver.inspection.tflite import graph_in
from salver.servables.tflite.options import TfLiteOptions
from tests.support.models import MODELS

pytest.importorskip("ai_edge_litert")
NAMES = sorted(path.parent.parent.name for path in MODELS.glob("tflite*/1/model.tflite"))
REFUSED = {
    *("tflite_bad_metadata", "tflite_damaged", "tflite_float64"),
    *("tflite_same_names", "tflite_unknown_tensor", "tflite_parse_example"),
}


def path(name):
    return str(MODELS / name / "1" / "model.tflite")


@pytest.mark.parametrize("name", sorted({*NAMES} - REFUSED))
def test_it_says_what_the_server_says(name):
    from salver.servables.tflite.servable import TfLiteServable

    graph = graph_in(path(name))
    with open(path(name), "rb") as file:
        servable = TfLiteServable(file.read(), TfLiteOptions())
    assert graph.signatures.keys() == servable.signatures.keys()
    for key, spec in servable.signatures.items():
        signature = spec.as_signature(key)
        told = graph.signatures[key]
        for tensors, infos in ((told.inputs, signature.inputs), (told.outputs, signature.outputs)):
            assert [(alias, dtype_of(tensor)) for alias, tensor in sorted(tensors.items())] == [
                (info.name, info.dtype) for info in infos
            ]


def dtype_of(tensor):
    from salver.inspection.request_forms import dtype_number

    return dtype_number(tensor.dtype)


def test_operations_are_counted():
    graph = graph_in(path("tflite_half_plus_two"))
    assert graph.operations == {"ADD": 1, "MUL": 1}
    assert graph.signatures["serving_default"].inputs


def test_custom_operations_are_told():
    graph = graph_in(path("tflite_parse_example"))
    assert graph.custom_operations
    assert set(graph.custom_operations) <= graph.operations.keys()


@pytest.mark.parametrize("content", [b"", b"short", b"\x1c\0\0\0TFL3" + b"\xff" * 100])
def test_what_is_no_model_is_told(tmp_path, content):
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(SalverError, match=r"model\.tflite"):
        graph_in(str(tmp_path / "model.tflite"))
