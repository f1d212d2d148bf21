import pytest

from salver import wire
from salver.boundary import Signature
from salver.server.profiling.recorded_inputs import recorded_inputs, version_directory
from tests.support.prediction_logs import log_record, predict_record, write_warmup_data

DEFAULT = Signature("serving_default", "", (), ())


def tensor(dtype, *shape, **elements):
    made = wire.TensorProto(dtype=dtype, **elements)
    for size in shape:
        made.tensor_shape.dim.add().size = size
    return made


def request(signature="", **inputs):
    made = wire.PredictRequest()
    made.model_spec.signature_name = signature
    for name, value in inputs.items():
        made.inputs[name].CopyFrom(value)
    return predict_record(made.SerializeToString())


def test_first_request_for_the_signature_is_taken(tmp_path):
    other = log_record("classify_log", "ClassifyLog", "ClassificationRequest")
    named = request("other", x=tensor(1, 1, float_val=[1]))
    wanted = request("", x=tensor(1, 2, float_val=[2, 3]), scalar=tensor(1, float_val=[9]))
    write_warmup_data(tmp_path, [b"", other, named, wanted, request("", x=tensor(1, 1, float_val=[4]))])

    found = recorded_inputs(str(tmp_path), DEFAULT, {})

    assert found is not None
    assert {name: array.tolist() for name, array in found.items()} == {"x": [2, 3]}


@pytest.mark.parametrize("content", [None, b"damaged", b""])
def test_no_data_is_no_inputs(tmp_path, content):
    if content is not None:
        write_warmup_data(tmp_path, []).write_bytes(content)
    assert recorded_inputs(str(tmp_path), DEFAULT, {}) is None


def test_a_version_is_found_by_its_number(tmp_path):
    (tmp_path / "0012").mkdir()
    assert version_directory(str(tmp_path), 12) == str(tmp_path / "0012")
    assert version_directory(str(tmp_path), 13) is None
    assert version_directory(str(tmp_path / "gone"), 12) is None
