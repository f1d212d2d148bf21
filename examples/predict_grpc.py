"""Ask a running server for a prediction by gRPC, with TensorFlow Serving's own client.

pip install tensorflow-serving-api
python examples/predict_grpc.py [HOST:PORT [MODEL]]
"""

import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

address = sys.argv[1] if len(sys.argv) > 1 else "localhost:8500"
request = predict_pb2.PredictRequest()
request.model_spec.name = sys.argv[2] if len(sys.argv) > 2 else "half_plus_two"
request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 5.0]))

with grpc.insecure_channel(address) as channel:
    answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=10)

print(f"{answer.model_spec.name} version {answer.model_spec.version.value}:", tf.make_ndarray(answer.outputs["y"]))
