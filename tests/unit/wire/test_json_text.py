import pytest

from salver import wire
from salver.errors import InternalError


def test_status_has_the_documented_bytes():
    response = wire.GetModelStatusResponse()
    response.model_version_status.add(version=123, state=30).status.SetInParent()
    assert (
        wire.status_json(response)
        == """{
 "model_version_status": [
  {
   "version": "123",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
"""
    )


def test_status_of_a_failed_version_carries_its_error():
    response = wire.GetModelStatusResponse()
    failed = response.model_version_status.add(version=2, state=50)
    failed.status.error_code = 5
    failed.status.error_message = "no such file: ä"
    text = wire.status_json(response)
    assert '"state": "END"' in text
    assert '"error_code": "NOT_FOUND"' in text
    assert '"error_message": "no such file: ä"' in text


def metadata_response(signatures):
    response = wire.GetModelMetadataResponse()
    response.model_spec.name = "m"
    response.model_spec.version.value = 123
    response.metadata["signature_def"].Pack(signatures)
    return response


def test_metadata_has_the_documented_bytes():
    signatures = wire.SignatureDefMap()
    signature = signatures.signature_def["serving_default"]
    signature.method_name = "tensorflow/serving/predict"
    signature.inputs["x"].name = "x:0"
    signature.inputs["x"].dtype = 1
    signature.inputs["x"].tensor_shape.dim.add(size=-1)
    assert (
        wire.metadata_json(metadata_response(signatures))
        == """{
"model_spec":{
 "name": "m",
 "signature_name": "",
 "version": "123"
}
,
"metadata": {"signature_def": {
 "signature_def": {
  "serving_default": {
   "inputs": {
    "x": {
     "name": "x:0",
     "dtype": "DT_FLOAT",
     "tensor_shape": {
      "dim": [
       {
        "size": "-1",
        "name": ""
       }
      ],
      "unknown_rank": false
     }
    }
   },
   "outputs": {},
   "method_name": "tensorflow/serving/predict",
   "defaults": {}
  }
 }
}
}
}
"""
    )


def test_metadata_maps_are_in_key_order_and_fields_in_number_order():
    signatures = wire.SignatureDefMap()
    for name in ("z", "a", "m"):
        signatures.signature_def[name].inputs["y"].tensor_shape.unknown_rank = True
    text = wire.metadata_json(metadata_response(signatures))
    assert text.index('"a": {') < text.index('"m": {') < text.index('"z": {')
    assert text.index('"dtype": "DT_INVALID"') < text.index('"tensor_shape"')


def test_metadata_defaults_are_tensors_with_content_in_base64():
    signatures = wire.SignatureDefMap()
    default = signatures.signature_def["s"].defaults["x"]
    default.dtype = 1
    default.tensor_content = b"\x00\x00\x80?"
    assert '"tensor_content": "AACAPw=="' in wire.metadata_json(metadata_response(signatures))


def test_metadata_without_a_signature_map_is_an_internal_error():
    with pytest.raises(InternalError, match="SignatureDefMap"):
        wire.metadata_json(wire.GetModelMetadataResponse())
