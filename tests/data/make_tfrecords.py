"""Makes `tfrecords/`: files of TensorFlow's own writer, for the tests of `salver.wire.tfrecord`.

Needs tensorflow; run by hand after a change here.
"""

from __future__ import annotations

import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.support.tfrecords import FILES

TARGET = pathlib.Path(__file__).parent / "tfrecords"

if __name__ == "__main__":
    TARGET.mkdir(exist_ok=True)
    for name, records in FILES.items():
        with tf.io.TFRecordWriter(str(TARGET / f"{name}.tfrecord")) as writer:
            for record in records:
                writer.write(record)
        print(name, len(records))
    with tf.io.TFRecordWriter(str(TARGET / "gzip.tfrecord"), tf.io.TFRecordOptions(compression_type="GZIP")) as writer:
        writer.write(b"compressed")
