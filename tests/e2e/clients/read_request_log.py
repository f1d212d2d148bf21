"""Reads a request log with TensorFlow and the messages of tensorflow-serving-api; prints one JSON line per record."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

for record in tf.data.TFRecordDataset(sys.argv[1]):
    log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
    answer = {
        "kind": log.WhichOneof("log_type"),
        "model": log.log_metadata.model_spec.name,
        "version": log.log_metadata.model_spec.version.value,
        "rate": log.log_metadata.sampling_config.sampling_rate,
        "tags": list(log.log_metadata.saved_model_tags),
        "x": tf.make_ndarray(log.predict_log.request.inputs["x"]).tolist(),
        "y": tf.make_ndarray(log.predict_log.response.outputs["y"]).tolist(),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
