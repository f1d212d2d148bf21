import json

import numpy as np
import pytest

from salver import wire
from salver.client.answers import VersionState, VersionStatus
from salver.client.model_info import model_metadata, model_status
from salver.client.model_spec import ModelSpec
from salver.client.reload import reload_config
from salver.client.signatures import TensorInfo
from salver.errors import InternalError, InvalidArgumentError, NotFoundError, UnimplementedError
from salver.wire import metadata_json, status_json

SPEC = ModelSpec("m")


def status_answer():
    answer = wire.GetModelStatusResponse()
    answer.model_version_status.add(version=2, state=30)
    failed = answer.model_version_status.add(version=1, state=50)
    failed.status.error_code = 5
    failed.status.error_message = "no model"
    answer.model_version_status.add(version=0, state=77)
    return answer


def metadata_answer():
    answer = wire.GetModelMetadataResponse()
    answer.model_spec.name = "m"
    answer.model_spec.version.value = 3
    signatures = wire.SignatureDefMap()
    one = signatures.signature_def["serving_default"]
    one.method_name = "tensorflow/serving/predict"
    one.inputs["x"].dtype = 1
    one.inputs["x"].name = "x:0"
    for size in (-1, 3):
        one.inputs["x"].tensor_shape.dim.add().size = size
    one.outputs["y"].dtype = 7
    one.outputs["y"].tensor_shape.unknown_rank = True
    one.outputs["z"].dtype = 20
    one.defaults["x"].dtype = 1
    answer.metadata["signature_def"].Pack(signatures)
    return answer


def test_states_and_reasons_are_read_in_both_forms():
    expected = [
        VersionStatus(2, VersionState.AVAILABLE),
        VersionStatus(1, VersionState.END, NotFoundError("no model")),
        VersionStatus(0, VersionState.UNKNOWN),
    ]
    answer = status_answer()
    assert model_status(SPEC).read(answer.SerializeToString()) == expected
    del answer.model_version_status[2]  # JSON has no name for a state that nobody knows
    assert model_status(SPEC).rest().read(json.loads(status_json(answer)), None, "") == expected[:2]


def test_signatures_are_read_in_both_forms():
    operation = model_metadata(ModelSpec("m", label="a b/c"))
    answer = metadata_answer()
    document = json.loads(metadata_json(answer))
    for found in (operation.read(answer.SerializeToString()), operation.rest().read(document, None, "")):
        assert (found.model, found.version) == ("m", 3)
        signature = found.signatures["serving_default"]
        assert signature.method == "tensorflow/serving/predict"
        assert signature.inputs == {"x": TensorInfo("DT_FLOAT", (None, 3))}
        assert signature.outputs["y"] == TensorInfo("DT_STRING", None)
        assert signature.defaults == {"x"}
        assert signature.outputs["z"].wire_dtype == "DT_RESOURCE"
    assert operation.rest().path == "/v1/models/m/labels/a%20b%2Fc/metadata"


def test_tensor_infos_say_what_arrays_they_stand_for():
    assert TensorInfo("DT_FLOAT", (None, 3)).dtype == np.float32
    assert TensorInfo("DT_STRING", None).dtype == object
    assert [str(TensorInfo(*row)) for row in [("DT_FLOAT", (None, 3)), ("DT_STRING", ()), ("DT_VARIANT", None)]] == [
        "float32 [?, 3]",
        "string []",
        "DT_VARIANT of any shape",
    ]
    with pytest.raises(UnimplementedError, match="DT_VARIANT"):
        _ = TensorInfo("DT_VARIANT", None).dtype


def test_metadata_without_signatures_is_an_internal_error():
    with pytest.raises(InternalError, match="no signatures"):
        model_metadata(SPEC).read(b"")


def test_a_reload_takes_the_text_of_a_config_file_or_a_message():
    text = 'model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" } }'
    message = wire.parse_text(text, "tensorflow.serving.ModelServerConfig")
    for config in (text, message):
        operation = reload_config(config, ["/a"])
        assert not operation.is_repeatable
        request = wire.ReloadConfigRequest.FromString(operation.message())
        assert request.config.model_config_list.config[0].base_path == "/m"
        assert list(request.metric_names) == ["/a"]


def test_a_reload_answers_growth_or_fails():
    answer = wire.ReloadConfigResponse()
    answer.metric.add(name="/a", int64_value_increase=3)
    assert reload_config("").read(answer.SerializeToString()) == {"/a": 3}
    answer.status.error_code = 3
    answer.status.error_message = "bad"
    with pytest.raises(InvalidArgumentError, match="bad"):
        reload_config("").read(answer.SerializeToString())


def test_a_config_that_cannot_be_read_is_refused_before_it_is_sent():
    with pytest.raises(InvalidArgumentError, match='did you mean "base_path"'):
        reload_config('model_config_list { config { base_pth: "/m" } }')
