"""The base of comparison: a model server as a good Python programmer writes it, on grpc.aio and TensorFlow.

    python grpc_aio_server.py --port PORT --model SAVED_MODEL [--way WAY] [--uvloop]

Serves PredictionService.Predict with the messages of tensorflow-serving-api. Nothing is done twice: one event loop, the
model runs inline (a hand-over to a thread costs more than a small model), arrays come from `float_val` and
`tensor_content` directly. WAY chooses how the model is run, fastest last:

    signature   tf.saved_model.load and a call of the signature
    session     a v1 session and its make_callable
    callable    the session's callable with a feed list, the way that make_callable itself uses inside
    caller      the same, with all operations in the calling thread
"""

# mypy: ignore-errors
# It runs in the clients' environment, whose packages have no types.
from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

Run = Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]
v1 = tf.compat.v1


def by_signature(path: str) -> Run:
    """TensorFlow 2's own way."""
    model = tf.saved_model.load(path)
    function = model.signatures["serving_default"]
    return lambda x: function(x=tf.constant(x))["y"].numpy()


def open_session(path: str) -> tuple[v1.Session, str, str]:
    """A session with the model loaded, and the names of its input and output."""
    session = v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        loaded = v1.saved_model.load(session, ["serve"], path)
    signature = loaded.signature_def["serving_default"]
    return session, signature.inputs["x"].name, signature.outputs["y"].name


def by_session(path: str) -> Run:
    """A v1 session."""
    session, x, y = open_session(path)
    return session.make_callable(y, [x])


def by_callable(path: str, *, in_caller: bool) -> Run:
    """The callable beneath `make_callable`, with options."""
    session, x, y = open_session(path)
    options = config_pb2.CallableOptions(feed=[x], fetch=[y])
    if in_caller:
        options.run_options.inter_op_thread_pool = -1
    run = session._make_callable_from_options(options)  # noqa: SLF001
    return lambda value: run(value)[0]


WAYS: dict[str, Callable[[str], Run]] = {
    "signature": by_signature,
    "session": by_session,
    "callable": lambda path: by_callable(path, in_caller=False),
    "caller": lambda path: by_callable(path, in_caller=True),
}


class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict for one float input `x` and one float output `y`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def Predict(  # noqa: N802
        self, request: predict_pb2.PredictRequest, context: grpc.aio.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run the model on the event loop."""
        given = request.inputs.get("x")
        if given is None or given.dtype != types_pb2.DT_FLOAT:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "expected a float tensor x")
        shape = [dim.size for dim in given.tensor_shape.dim]
        if given.tensor_content:
            x = np.frombuffer(given.tensor_content, np.float32).reshape(shape)
        else:
            x = np.array(given.float_val, np.float32).reshape(shape)
        y = self._run(x)
        answer = predict_pb2.PredictResponse()
        answer.model_spec.name = request.model_spec.name
        answer.model_spec.version.value = 1
        answer.model_spec.signature_name = "serving_default"
        output = answer.outputs["y"]
        output.dtype = types_pb2.DT_FLOAT
        for size in y.shape:
            output.tensor_shape.dim.add().size = size
        output.float_val.extend(y.ravel().tolist())
        return answer


async def serve(port: int, run: Run) -> None:
    """Serve until SIGTERM."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Servicer(run), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(1)


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--way", choices=WAYS, default="caller")
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    if arguments.uvloop:
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(serve(arguments.port, WAYS[arguments.way](arguments.model)))


if __name__ == "__main__":
    main()
