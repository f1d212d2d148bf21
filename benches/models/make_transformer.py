"""Make a SavedModel where batching pays: python benches/models/make_transformer.py FOLDER.

A transformer encoder over eight tokens, as it scores short texts: `ids` int32 [n, 8] to `scores` float32 [n, 8]. It has
six blocks of width 512, 19 million weights. One row spends its time fetching weights from memory; rows of a batch share
that, so they get cheaper until the processor's arithmetic is the limit.

The weights are pseudo-random, the same each time. An operation of the graph makes them when the model is loaded, so the
folder holds some hundred kilobytes rather than 77 megabytes, and needs no variables file.
"""

# mypy: ignore-errors
# TensorFlow has no types.
from __future__ import annotations

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

v1 = tf.compat.v1

TOKENS, WORDS, WIDTH, HEADS, BLOCKS, SCORES = 8, 1000, 512, 8, 6, 8


def main(folder: str) -> None:
    """Write the model into `folder`, which must not exist."""
    builder = v1.saved_model.Builder(folder)
    with v1.Graph().as_default(), v1.Session() as session:
        ids = v1.placeholder(tf.int32, [None, TOKENS], name="ids")
        scores = tf.identity(encoder(ids), name="scores")
        signature = v1.saved_model.predict_signature_def({"ids": ids}, {"scores": scores})
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map={"serving_default": signature},
            main_op=v1.local_variables_initializer(),
        )
        builder.save()


def weights(rows: int, columns: int) -> tf.Tensor:
    """A matrix that keeps the scale of what it is multiplied with; each call gives another."""
    number = len(v1.local_variables())
    values = tf.random.stateless_normal([rows, columns], [rows, number]) * rows**-0.5
    # Local variables are not saved: loading runs their initialiser.
    return v1.get_local_variable(f"weights_{number}", initializer=values, use_resource=True)


def encoder(ids: tf.Tensor) -> tf.Tensor:
    """Scores of token sequences."""
    tokens = tf.gather(weights(WORDS, WIDTH), ids) * WIDTH**0.5
    x = tf.reshape(tokens, [-1, WIDTH])  # one row for each token: products with weights have two dimensions
    for _ in range(BLOCKS):
        x += attention(normalised(x))
        x += tf.nn.gelu(normalised(x) @ weights(WIDTH, 4 * WIDTH)) @ weights(4 * WIDTH, WIDTH)
    pooled = tf.reduce_mean(tf.reshape(normalised(x), [-1, TOKENS, WIDTH]), axis=1)
    return tf.nn.softmax(pooled @ weights(WIDTH, SCORES))


def attention(x: tf.Tensor) -> tf.Tensor:
    """Self-attention of the tokens of each sequence."""
    parts = tf.reshape(x @ weights(WIDTH, 3 * WIDTH), [-1, TOKENS, 3, HEADS, WIDTH // HEADS])
    query, key, value = tf.unstack(tf.transpose(parts, [2, 0, 3, 1, 4]))
    looks = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) * (WIDTH // HEADS) ** -0.5)
    mixed = tf.reshape(tf.transpose(looks @ value, [0, 2, 1, 3]), [-1, WIDTH])
    return mixed @ weights(WIDTH, WIDTH)


def normalised(x: tf.Tensor) -> tf.Tensor:
    """Layer normalisation without parameters."""
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-5)


if __name__ == "__main__":
    main(sys.argv[1])
