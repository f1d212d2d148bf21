"""TensorFlow, TensorFlow Serving's client and Salver in one process: `python one_process.py ORDER HOST:PORT BASE_PATH`.

ORDER is the order of the imports, as comma-separated module names. Prints what each of the three computed.
"""

# ruff: noqa: T201  # it talks to the test on standard output
import importlib
import json
import sys


def use_tensorflow():
    """One eager computation."""
    import tensorflow as tf

    return (tf.constant([1.0, 2.0, 5.0]) / 2 + 2).numpy().tolist()


def use_client(address, model):
    """A Predict call with the client library's stubs."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[1.0], [2.0], [5.0]]))
    with grpc.insecure_channel(address) as channel:
        answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=30)
    return tf.make_ndarray(answer.outputs["y"]).reshape(-1).tolist()


def main():
    """Import in the order asked for, then use all three, twice: the first use must not break the second."""
    order, address, base_path = sys.argv[1:]
    for name in order.split(","):
        importlib.import_module(name)
    import salver

    seen = {"tensorflow": [], "client": [], "salver": []}
    with salver.Server({"own": base_path}, host="127.0.0.1", grpc_port=0) as server:
        for _ in range(2):
            seen["tensorflow"].append(use_tensorflow())
            seen["client"].append(use_client(address, "half_plus_two"))
            seen["salver"].append(use_client(f"127.0.0.1:{server.grpc_port}", "own"))
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
