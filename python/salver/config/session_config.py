"""TensorFlow's session options, from files and flags."""

from __future__ import annotations

import logging
from typing import Any

from salver.config.text_file import read_message
from salver.wire import ConfigProto, Message, message_class

CONFIG_PROTO = "tensorflow.ConfigProto"
BFLOAT16 = "bfloat16"

_log = logging.getLogger(__name__)


def read_session_config(path: str) -> Message:
    """Read a file of session options, a ConfigProto in text format; without a path, the default ones.

    Raises:
        NotFoundError, FailedPreconditionError: There is no such file, or it cannot be read.
        InvalidArgumentError: It is no such message; says where.
    """
    return read_message(path, CONFIG_PROTO, what="session config file") if path else ConfigProto()


def lay_flags(config: Message, *, intra_op: int, inter_op: int, gpu_memory_fraction: float) -> None:
    """Write the values of flags over session options; 0 is a flag that leaves what there is."""
    if intra_op:
        config.intra_op_parallelism_threads = intra_op
    if inter_op:
        config.inter_op_parallelism_threads = inter_op
    if gpu_memory_fraction:
        config.gpu_options.per_process_gpu_memory_fraction = gpu_memory_fraction


def apply_mixed_precision(config: Message, mixed_precision: str, *, source: str) -> None:
    """Have the graph optimizer compute in another type where that is faster.

    Args:
        config: The session options.
        mixed_precision: `bfloat16`; empty changes nothing, nor does any other, which gets a warning.
        source: What to call the setting in the warning.
    """
    if mixed_precision == BFLOAT16:
        turned_on = message_class("tensorflow.RewriterConfig").ON
        config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 = turned_on
    elif mixed_precision:
        _log.warning("%s: %r has no effect; only %s is supported", source, mixed_precision, BFLOAT16)


def session_fields(config: Message) -> dict[str, Any]:
    """The fields of `ServerConfig` that say the same as these session options."""
    return {
        "tensorflow_session_config": config.SerializeToString(deterministic=True),
        "tensorflow_intra_op_threads": max(config.intra_op_parallelism_threads, 0) or None,
        "tensorflow_inter_op_threads": max(config.inter_op_parallelism_threads, 0) or None,
    }
