"""A TensorFlow Serving client: reads calls as lines of JSON, makes them with tensorflow-serving-api, prints answers.

Run in an environment that has tensorflow-serving-api and no Salver: `python session.py HOST:PORT`.
"""

# ruff: noqa: T201  # it talks to the test on standard output
import json
import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)


def fill_spec(spec, call):
    """Name, version, label and signature as the call asks for them."""
    spec.name = call.get("model", "")
    spec.signature_name = call.get("signature", "")
    if "version" in call:
        spec.version.value = call["version"]
    if "label" in call:
        spec.version_label = call["label"]


def spec_of(spec):
    """A ModelSpec as plain values."""
    version = spec.version.value if spec.HasField("version") else None
    return {"name": spec.name, "version": version, "signature": spec.signature_name, "label": spec.version_label}


def predict(channel, call):
    """PredictionService.Predict."""
    request = predict_pb2.PredictRequest()
    fill_spec(request.model_spec, call)
    for name, given in call.get("inputs", {}).items():
        proto = tf.make_tensor_proto(given["values"], dtype=given.get("dtype", "float32"), shape=given.get("shape"))
        request.inputs[name].CopyFrom(proto)
    request.output_filter.extend(call.get("output_filter", []))
    answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=30)
    outputs = {name: tf.make_ndarray(proto).tolist() for name, proto in answer.outputs.items()}
    shapes = {name: list(tf.make_ndarray(proto).shape) for name, proto in answer.outputs.items()}
    return {"spec": spec_of(answer.model_spec), "outputs": outputs, "shapes": shapes}


def metadata(channel, call):
    """PredictionService.GetModelMetadata."""
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=call.get("fields", ["signature_def"]))
    fill_spec(request.model_spec, call)
    answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).GetModelMetadata(request, timeout=30)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    return {
        "spec": spec_of(answer.model_spec),
        "keys": sorted(answer.metadata),
        "type_url": answer.metadata["signature_def"].type_url,
        "signatures": {
            name: {
                "method": one.method_name,
                "inputs": {key: [info.name, info.dtype] for key, info in one.inputs.items()},
                "outputs": {key: [info.name, info.dtype] for key, info in one.outputs.items()},
            }
            for name, one in signatures.signature_def.items()
        },
    }


def status(channel, call):
    """ModelService.GetModelStatus."""
    request = get_model_status_pb2.GetModelStatusRequest()
    fill_spec(request.model_spec, call)
    answer = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=30)
    state = get_model_status_pb2.ModelVersionStatus.State.Name
    return {
        "versions": [
            [one.version, state(one.state), one.status.error_code, one.status.error_message]
            for one in answer.model_version_status
        ]
    }


def main():
    """Answer each line of standard input with a line on standard output."""
    rpcs = {"predict": predict, "metadata": metadata, "status": status}
    with grpc.insecure_channel(sys.argv[1]) as channel:
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            call = json.loads(line)
            try:
                answer = rpcs[call["rpc"]](channel, call)
            except grpc.RpcError as error:
                answer = {"code": error.code().name, "details": error.details()}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
