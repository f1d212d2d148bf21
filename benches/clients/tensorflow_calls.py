"""The same by tensorflow-serving-api, as its documentation shows it; in the clients' environment."""

# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import sys
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from benches.clients.cases import Case
from benches.clients.session import Call, answer


def main() -> None:
    """Answer until standard input ends."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(sys.argv[1], options))

    def prepare(case: Case) -> tuple[Call, int]:
        array = case.array()

        def request() -> Any:
            made = predict_pb2.PredictRequest()
            made.model_spec.name = case.model
            made.model_spec.signature_name = case.signature
            made.inputs[case.input].CopyFrom(tf.make_tensor_proto(array))
            return made

        size = request().ByteSize()
        return lambda: tf.make_ndarray(stub.Predict(request(), timeout=60).outputs[case.output]), size

    answer(prepare)


if __name__ == "__main__":
    main()
