"""A TensorFlow Serving client: reads calls as lines of JSON, makes them with tensorflow-serving-api, prints answers.

Messages come and go as protobuf text. Run in an environment that has tensorflow-serving-api and no Salver.
"""

# ruff: noqa: T201, E402  # it talks to the test on standard output; the stand-in for TensorFlow comes first
import importlib.util
import json
import sys
import types

# The stubs need TensorFlow's message modules alone; its own start would take seconds.
stand_in = types.ModuleType("tensorflow")
stand_in.__path__ = importlib.util.find_spec("tensorflow").submodule_search_locations
sys.modules["tensorflow"] = stand_in

import grpc
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
    session_service_pb2,
)

PREDICTION = prediction_service_pb2_grpc.PredictionServiceStub
MODEL = model_service_pb2_grpc.ModelServiceStub
STUBS = {
    "Predict": (PREDICTION, predict_pb2.PredictRequest, predict_pb2.PredictResponse),
    "Classify": (PREDICTION, classification_pb2.ClassificationRequest, classification_pb2.ClassificationResponse),
    "Regress": (PREDICTION, regression_pb2.RegressionRequest, regression_pb2.RegressionResponse),
    "MultiInference": (PREDICTION, inference_pb2.MultiInferenceRequest, inference_pb2.MultiInferenceResponse),
    "GetModelMetadata": (
        PREDICTION,
        get_model_metadata_pb2.GetModelMetadataRequest,
        get_model_metadata_pb2.GetModelMetadataResponse,
    ),
    "GetModelStatus": (MODEL, get_model_status_pb2.GetModelStatusRequest, get_model_status_pb2.GetModelStatusResponse),
    "HandleReloadConfigRequest": (
        MODEL,
        model_management_pb2.ReloadConfigRequest,
        model_management_pb2.ReloadConfigResponse,
    ),
    "SessionRun": (None, session_service_pb2.SessionRunRequest, session_service_pb2.SessionRunResponse),
}
SESSION_RUN = "/tensorflow.serving.SessionService/SessionRun"  # the package has its messages, but no stub
STREAM = "PredictStreamed"  # of Salver alone: no stub knows it
UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
channels = {}


def canonical(message):
    """A message as text: maps and fields in order, one form for every value."""
    return text_format.MessageToString(message, as_one_line=True, as_utf8=False)


def answer_of(call):
    """Make one call."""
    channel = channels.get(call["address"])
    if channel is None:
        channel = channels[call["address"]] = grpc.insecure_channel(call["address"], options=UNBOUNDED)
    method = call["method"]
    stub, request_type, response_type = STUBS["Predict" if method == STREAM else method]
    request = text_format.Parse(call["request"], request_type())
    expected = call.get("expected")
    reply = {"expected": None if expected is None else canonical(text_format.Parse(expected, response_type()))}
    if method == STREAM:
        path = f"/tensorflow.serving.PredictionService/{STREAM}"
        stream = channel.unary_stream(path, request_type.SerializeToString, response_type.FromString)
        parts = [canonical(part) for part in stream(request, timeout=call["timeout_s"])]
        return {**reply, "answer": "\n".join(parts)}
    if stub is None:
        rpc = channel.unary_unary(SESSION_RUN, request_type.SerializeToString, response_type.FromString)
    else:
        rpc = getattr(stub(channel), method)
    made = rpc(request, timeout=call["timeout_s"])
    return {**reply, "answer": canonical(made)}


def main():
    """Answer each line of standard input with a line on standard output."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            answer = answer_of(json.loads(line))
        except grpc.RpcError as error:
            answer = {"code": error.code().name, "details": error.details()}
        except Exception as error:  # noqa: BLE001  # the test shows it
            answer = {"code": "the client failed", "details": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
